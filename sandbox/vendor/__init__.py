"""The MBS API, as far as the sandbox stands in for it: the vendor's paths, spellings and answers."""
