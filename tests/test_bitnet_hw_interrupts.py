"""Ctrl-C, ignored and deferred."""

import os
import signal
import threading

from bitnet_hw.interrupts import interrupts_deferred, interrupts_ignored


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_deferred():
    with interrupts_deferred() as pressed:
        assert not pressed()
        press()
        assert pressed()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored():
    with interrupts_ignored():
        press()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_change_nothing():
    handlers = []

    def work():
        with interrupts_deferred() as pressed, interrupts_ignored():
            handlers.append((signal.getsignal(signal.SIGINT), pressed()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [(signal.default_int_handler, False)]
