"""Addresses of resources, and places in manifests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NOT_IN_KEY: Final = r'"\]\x00-\x1f\x7f-\x9f'
KEY: Final = rf"[^{_NOT_IN_KEY}]+"
"""The key of an address, as a pattern that JSON Schema has, too."""
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_MODULE: Final = rf'module\.{_NAME}(?:\["{KEY}"\])?'
_ADDRESS: Final = re.compile(
    rf'(?:(?P<module>{_MODULE}(?:\.{_MODULE})*)\.)?(?P<type>[a-z_]+)\.(?P<name>{_NAME})(?:\["(?P<key>{KEY})"\])?'
)
_UNKEYABLE: Final = re.compile(f"[{_NOT_IN_KEY}]")

_KEY_OF_MODULE: Final = re.compile(r'\["[^"\]]+"\]')
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")
"""The characters of a key that the name of an object does not take over: the API advises against them."""


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """The address of a resource: `instance.trainer`, `instance.worker["eu"]`, `module.train.instance.worker["eu"]`.

    That of a module has the type `module`.
    """

    type: str
    """The resource type, such as `network_storage`: the first part of the address."""
    name: str
    key: str = ""
    module: str = ""
    """The address of the module that it belongs to: `module.train["eu"]`; empty for the project itself."""

    def __str__(self) -> str:
        within = f"{self.module}." if self.module else ""
        return f'{within}{self.type}.{self.name}["{self.key}"]' if self.key else f"{within}{self.type}.{self.name}"

    @property
    def base(self) -> Address:
        """The address without its key."""
        return Address(self.type, self.name, "", self.module) if self.key else self

    @property
    def unkeyed(self) -> Address:
        """The address without any key: neither its own nor those of the modules around it."""
        if "[" not in self.module:
            return self.base
        return Address(self.type, self.name, "", _KEY_OF_MODULE.sub("", self.module))

    def with_key(self, key: str) -> Address:
        """The address of one key of a `forEach`."""
        return Address(self.type, self.name, key, self.module)

    @property
    def object_name(self) -> str:
        """The name of its object where the spec gives none.

        `trainer`; `worker-eu` for the key `eu`; `train-trainer` in the module `train`.
        """
        within = f"{Address.parse(self.module).object_name}-" if self.module else ""
        return f"{within}{self.name}-{_UNSAFE.sub('-', self.key).strip('-')}" if self.key else f"{within}{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address in the text. Raises ValueError if it is none."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an address; one looks like instance.trainer")
        return cls(match["type"], match["name"], match["key"] or "", match["module"] or "")


@dataclass(frozen=True, order=True, slots=True)
class Origin:
    """The position of a value in a manifest; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def never_in_key(text: str) -> str:
    """The first character of the text that no key holds; empty if there is none."""
    found = _UNKEYABLE.search(text)
    return found[0] if found else ""


def fits_wildcards(pattern: str, text: str) -> bool:
    """Whether the text fits a pattern in which each `*` stands for any text. Takes time linear in both."""
    first, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    *middle, last = parts
    if len(first) + len(last) > len(text) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:  # the leftmost place of each part leaves the most room for the next
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
