"""The explorer in a real browser: what the tests ask it and do to it."""

import re

import numpy as np


class Explorer:
    """The page in a browser: what the tests ask it and do to it. Every message and request is kept."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.messages, self.requests = [], []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, state=""):
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{state}")
        return self

    def press(self, action):
        self.page.click(f"[data-action={action}]")

    def key(self, name):
        self.page.keyboard.press(name)

    def attribute(self, selector, name):
        return self.page.get_attribute(selector, name)

    def cell(self, name, i=0, j=0):
        return self.page.locator(f"[data-array={name}] [data-cell='{i},{j}']")

    def value(self, name, i=0, j=0):
        return float(self.cell(name, i, j).get_attribute("data-value"))

    def values(self, name):
        """The whole array, as the page has it."""
        read = "cells => cells.map(cell => [cell.dataset.cell, cell.dataset.value])"
        found = {
            tuple(map(int, at.split(","))): float(x)
            for at, x in self.page.eval_on_selector_all(f"[data-array={name}] [data-cell]", read)
        }
        rows, columns = (max(at[k] for at in found) + 1 for k in (0, 1))
        return np.array([[found[i, j] for j in range(columns)] for i in range(rows)])

    def marked(self, attribute):
        """The places of the cells that have an attribute, as (name, i, j)."""
        read = "cells => cells.map(cell => [cell.closest('[data-array]').dataset.array, cell.dataset.cell])"
        found = self.page.eval_on_selector_all(f"[data-cell][{attribute}]", read)
        return {(name, *map(int, at.split(","))) for name, at in found}

    def text(self, selector):
        return self.page.inner_text(selector)

    @property
    def step(self):
        return int(self.attribute("main", "data-step"))

    @property
    def steps(self):
        return int(self.attribute("[data-steps]", "data-steps"))

    @property
    def state(self):
        return dict(part.split("=") for part in self.page.url.split("#")[1].split("&"))


def numbers(text):
    """The numbers in a text with true minus signs."""
    return [float(found.replace("−", "-")) for found in re.findall(r"−?\d+(?:\.\d+)?(?:e[−+]?\d+)?", text)]
