"""Reports that leave the centre as files."""
