"""Lowers the C library versions that a Linux shared library asks for, in place.

A shared library lists the versions of glibc and libstdc++ it needs. Where the functions behind a
too-new version exist under an older name with the same meaning, renaming the few symbols and the
version entries is enough for an older system to load it. Nothing moves and nothing grows: only
string offsets, hashes and, where the new name is not in the file yet, one unshared string change.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# Section types, from the ELF specification and its GNU extensions.
_DYNAMIC, _DYNSYM = 6, 11
_VERDEF, _VERNEED, _VERSYM = 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
# Entries of the dynamic section that hold an offset into the string table.
_STRING_TAGS = {1, 14, 15, 29}  # NEEDED, SONAME, RPATH, RUNPATH


class NotRelinkable(Exception):
    """The library is not what the renaming tables were written for."""


@dataclass(frozen=True)
class _Need:
    """One required version: where its record lies, and what it says."""

    position: int
    index: int
    name: str


@dataclass(frozen=True)
class _Symbol:
    position: int
    index: int
    name: str


class SharedLibrary:
    """A 64-bit little-endian shared library, held as bytes that can be edited."""

    def __init__(self, content: bytes) -> None:
        self.data = bytearray(content)
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise NotRelinkable("not a 64-bit little-endian ELF file")
        self._sections = self._read_sections()
        self._strings = self._sections[self._section(_DYNSYM)["link"]]

    def needed_versions(self) -> set[str]:
        """Every version asked of another library, e.g. `{"GLIBC_2.34", "GLIBCXX_3.4.29"}`."""
        return {need.name for need in self._needs()}

    def lower(self, symbols: dict[str, str], versions: dict[str, str]) -> None:
        """Rename the versions, and every symbol that was bound to one of them.

        Args:
            symbols: too-new symbol → older symbol with the same meaning.
            versions: too-new version → version that older systems have.

        Raises:
            NotRelinkable: a symbol is bound to a renamed version but has no older name.
        """
        renamed = [need for need in self._needs() if need.name in versions]
        indices = {need.index for need in renamed}
        bound = [symbol for symbol in self._symbols() if symbol.index in indices]
        unknown = sorted({symbol.name for symbol in bound} - set(symbols))
        if unknown:
            raise NotRelinkable(f"no older name is known for {', '.join(unknown)}")
        for symbol in bound:
            self._rename(symbol.position, symbols[symbol.name])
        for need in renamed:
            new = versions[need.name]
            self._rename(need.position + 8, new)
            struct.pack_into("<I", self.data, need.position, sysv_hash(new))

    def _rename(self, field: int, new: str) -> None:
        """Point the 4-byte string offset at `field` to `new`, writing `new` only if it must be."""
        start, size = self._strings["offset"], self._strings["size"]
        wanted = new.encode() + b"\0"
        found = self.data.find(wanted, start, start + size)
        if found >= 0:  # also as the end of a longer string: that is how linkers share them
            struct.pack_into("<I", self.data, field, found - start)
            return
        offset = struct.unpack_from("<I", self.data, field)[0]
        old = self._string(offset)
        end = offset + len(old)
        if any(offset < used <= end for used in self._string_offsets()):
            raise NotRelinkable(f"the string {old!r} is shared and cannot be overwritten")
        if len(new) > len(old):
            raise NotRelinkable(f"{new!r} does not fit in the place of {old!r}")
        self.data[start + offset : start + end + 1] = wanted.ljust(len(old) + 1, b"\0")

    def _read_sections(self) -> list[dict[str, int]]:
        table, entry_size, count = (
            struct.unpack_from("<Q", self.data, 0x28)[0],
            *struct.unpack_from("<HH", self.data, 0x3A),
        )
        keys = ("name", "type", "flags", "address", "offset", "size", "link", "info")
        return [
            dict(zip(keys, struct.unpack_from("<IIQQQQII", self.data, table + i * entry_size)))
            for i in range(count)
        ]

    def _section(self, kind: int) -> dict[str, int]:
        for section in self._sections:
            if section["type"] == kind:
                return section
        raise NotRelinkable(f"no section of type {kind:#x}")

    def _string(self, offset: int) -> str:
        start = self._strings["offset"] + offset
        return self.data[start : self.data.index(b"\0", start)].decode()

    def _symbols(self) -> Iterator[_Symbol]:
        table, versions = self._section(_DYNSYM), self._section(_VERSYM)
        for i in range(table["size"] // 24):
            position = table["offset"] + i * 24
            index = struct.unpack_from("<H", self.data, versions["offset"] + i * 2)[0] & 0x7FFF
            name = self._string(struct.unpack_from("<I", self.data, position)[0])
            yield _Symbol(position, index, name)

    def _needs(self) -> Iterator[_Need]:
        for _, auxiliaries in self._need_files():
            for position in auxiliaries:
                index, name = struct.unpack_from("<HI", self.data, position + 6)
                yield _Need(position, index, self._string(name))

    def _need_files(self) -> Iterator[tuple[int, list[int]]]:
        """Offset of each needed file's name, with the positions of its version records."""
        section = self._section(_VERNEED)
        position = section["offset"]
        for _ in range(section["info"]):
            count, file, first, following = struct.unpack_from("<HIII", self.data, position + 2)
            records = [position + first]
            for _ in range(count - 1):
                step = struct.unpack_from("<I", self.data, records[-1] + 12)[0]
                records.append(records[-1] + step)
            yield file, records
            position += following

    def _string_offsets(self) -> Iterator[int]:
        """Every place of the string table that something in the file points at."""
        for symbol in self._symbols():
            yield struct.unpack_from("<I", self.data, symbol.position)[0]
        for file, records in self._need_files():
            yield file
            for record in records:
                yield struct.unpack_from("<I", self.data, record + 8)[0]
        for section in self._sections:
            if section["type"] == _DYNAMIC:
                for i in range(section["size"] // 16):
                    tag, value = struct.unpack_from("<QQ", self.data, section["offset"] + i * 16)
                    if tag in _STRING_TAGS:
                        yield value
            elif section["type"] == _VERDEF:
                position = section["offset"]
                for _ in range(section["info"]):
                    first, following = struct.unpack_from("<II", self.data, position + 12)
                    yield struct.unpack_from("<I", self.data, position + first)[0]
                    position += following


def sysv_hash(name: str) -> int:
    """The hash by which the dynamic linker compares version names."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value ^= high >> 24
        value &= ~high
    return value & 0xFFFFFFFF
