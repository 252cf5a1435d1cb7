"""How documents are laid out: HTML, PDF, sheets, plots, and which are taken over unchanged."""
