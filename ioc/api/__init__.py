"""The HTTP interface for programs: what may be asked, how it is read, what is answered. No Dash in here."""
