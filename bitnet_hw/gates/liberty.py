"""The grammar of Liberty files: groups with attributes in them; and where each cell's text is."""

import re
from dataclasses import dataclass, field

from bitnet_hw.errors import ConfigError

__all__ = ["Group", "LibertyText"]

# One statement: the end of a group, a simple attribute, or a name with arguments, which begins a
# group or is a complex attribute. Semicolons are often forgotten, so a line's end does as well.
_STATEMENT = re.compile(
    r"""\s*(?:
        (?P<end>\})
      | (?P<name>[A-Za-z_]\w*)\s*(?:
            :\s*(?:"(?P<text>[^"]*)"|(?P<word>[^;{}"\n]+))
          | \((?P<arguments>(?:"[^"]*"|[^"()])*)\)\s*(?P<begin>\{)?
        )
    )\s*;?""",
    re.VERBOSE,
)
_CELL = re.compile(r'^[ \t]*cell\s*\(\s*"?([^")\s]+)"?\s*\)', re.MULTILINE)
_QUOTED = re.compile(r'"[^"]*"')
_EXCERPT_CHARACTERS = 40


@dataclass(eq=False)
class Group:
    """A group: ``name (arguments) { ... }``.

    Attributes
    ----------
    name : str
        Kind of the group.
    arguments : list of str
        Without quotation marks.
    attributes : dict
        Simple attributes, ``key : value``.
    lists : dict
        Complex attributes, ``key (value, ...)``; of a repeated one the last.
    groups : list of Group
        The groups inside.
    """

    name: str
    arguments: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def named(self, name: str) -> list["Group"]:
        """Return the groups inside that have a name."""
        return [group for group in self.groups if group.name == name]


class LibertyText:
    """One Liberty file, of which only what is asked for is taken apart.

    The largest files have 20 MB for some hundred cells, of which a design uses a few.

    Parameters
    ----------
    text : str
        The file.
    source : str
        Its name, for messages.

    Raises
    ------
    ConfigError
        If it is no Liberty file, or ends too early.
    """

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._text = _without_comments(text).replace("\\\r\n", "\n").replace("\\\n", "\n")
        starts = [(match[1], match.start()) for match in _CELL.finditer(self._text)]
        ends = [*(start for _, start in starts), len(self._text)][1:]
        self._places = {
            name: (start, end) for (name, start), end in zip(starts, ends, strict=False)
        }
        opened, closed = self._text.count("{"), self._text.count("}")
        if not starts or opened != closed:
            reason = f"{opened} groups begin and {closed} end" if starts else "it has no cell in it"
            raise ConfigError(f"{source} must be a whole Liberty file with cells: {reason}")

    @property
    def cell_names(self) -> list[str]:
        """Names of all cells, in the order of the file."""
        return list(self._places)

    def names_like(self, pattern: str) -> list[str]:
        """Return the names of cells in which a regular expression is found."""
        return [name for name in self._places if re.search(pattern, name)]

    def header(self) -> Group:
        """Return the library with all that comes before its first cell."""
        first = min(start for start, _ in self._places.values())
        return self._parse(0, first, complete=False)

    def cell(self, name: str) -> Group:
        """Return the group of a cell; KeyError if there is none."""
        start, end = self._places[name]
        return self._parse(start, end, complete=True)

    def excerpt(self, names: set[str]) -> str:
        """Return a Liberty file with the header of this one and only the named cells.

        Texts in quotation marks are in one line each: OpenSTA 2.0.17 knows no others.
        """
        first = min(start for start, _ in self._places.values())
        parts = [self._text[:first]]
        for name, (start, end) in self._places.items():
            if name in names:
                # The last cell's place ends with the library: keep what closes the cell only.
                block = self._text[start:end]
                depth = 0
                for brace in re.finditer(r"[{}]", block):
                    depth += 1 if brace[0] == "{" else -1
                    if depth == 0:
                        parts.append(block[: brace.end()] + "\n")
                        break
        return _QUOTED.sub(lambda text: text[0].replace("\n", " "), "".join([*parts, "}\n"]))

    def _parse(self, start: int, end: int, *, complete: bool) -> Group:
        root = Group("file")
        path = [root]
        position = start
        while position < end:
            match = _STATEMENT.match(self._text, position, end)
            if match is None:
                if not self._text[position:end].strip():
                    break
                raise self._broken(position)
            position = match.end()
            if match["end"]:
                path.pop()
                if len(path) == 1:
                    return root.groups[0]
                if not path:
                    raise self._broken(match.start())
            elif match["arguments"] is None:
                value = match["text"] if match["text"] is not None else match["word"].strip()
                path[-1].attributes[match["name"]] = value
            elif match["begin"]:
                path[-1].groups.append(Group(match["name"], _arguments(match["arguments"])))
                path.append(path[-1].groups[-1])
            else:
                path[-1].lists[match["name"]] = _arguments(match["arguments"])
        if complete or not root.groups:
            raise self._broken(end - 1)
        return root.groups[0]

    def _broken(self, position: int) -> ConfigError:
        line = self._text.count("\n", 0, position) + 1
        excerpt = " ".join(self._text[position : position + _EXCERPT_CHARACTERS].split())
        return ConfigError(
            f"{self._source} must be Liberty, which it is not on line {line}: {excerpt!r}"
        )


def _without_comments(text: str) -> str:
    """Return the text with only the ends of lines of each comment, so that lines keep their number.

    A regular expression would look for the end of each comment that has none, again and again.
    """
    parts = []
    position = 0
    while (start := text.find("/*", position)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        parts += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end + 2
    return "".join([*parts, text[position:]])


def _arguments(text: str) -> list[str]:
    quoted = re.findall(r'"([^"]*)"', text)
    return quoted or [part.strip() for part in text.split(",") if part.strip()]
