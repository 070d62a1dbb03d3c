"""A headless Chromium for tests of pages, and what such a test asks of it."""

import json
import shutil
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


@contextmanager
def chromium():
    """Start Debian's Chromium; a missing one is a failure, not a reason to skip."""
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    assert all(programs), "Chromium must be installed: apt-get install chromium chromium-driver"
    options = Options()
    options.binary_location = programs[0]
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--hide-scrollbars", "--disable-background-networking", "--no-first-run"),
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # The driver's path is given: selenium would look for one in the network.
    driver = webdriver.Chrome(options=options, service=Service(programs[1]))
    try:
        driver.set_page_load_timeout(120)
        driver.set_script_timeout(120)
        yield driver
    finally:
        driver.quit()


def show(driver, path, *, theme="light", width=1280):
    """Open a page as a reader with a dark or light desktop would, or on a phone."""
    set_theme(driver, theme)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get(path.as_uri())


def set_theme(driver, theme):
    """Switch the desktop between dark and light."""
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        # A page that is still scrolling cannot be clicked.
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def requests(driver):
    """Return the addresses that were asked for since the page was opened, it included."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def complaints(driver):
    """Return what was written to the console since the page was opened."""
    return [entry["message"] for entry in driver.get_log("browser")]
