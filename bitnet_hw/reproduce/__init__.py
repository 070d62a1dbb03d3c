"""What papers and boards report, computed again from their shapes, clocks and memories."""
