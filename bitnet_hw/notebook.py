"""Results in a notebook: a small table as their picture, and pandas data frames.

docs/notebook.md says what each kind of result shows.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bitnet_hw.errors import ToolMissing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NotebookResult", "data_frame"]


class NotebookResult:
    """A result that a notebook shows as a table, and that can be handed to pandas.

    What a class shows is registered in `bitnet_hw.notebook_views`.
    """

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows of the result as a data frame.

        Raises
        ------
        ToolMissing
            If pandas is not installed.
        """
        # Imported here and below: only notebooks need it.
        from bitnet_hw.notebook_views import frame_rows

        return data_frame(frame_rows(self))

    def _repr_html_(self) -> str:
        from bitnet_hw.notebook_views import html_view

        return html_view(self)


def data_frame(rows: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return rows as a data frame; they need not have the same keys.

    Raises
    ------
    ToolMissing
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ToolMissing(
            f"Data frames need pandas, of which {error.name} is not installed: "
            "pip install 'bitnet-hw[notebook]'"
        ) from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in names})
