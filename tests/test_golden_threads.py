import pytest
import torch

from golden.threads import one_thread


def test_one_thread_for_a_while():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_restored_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), one_thread():
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
