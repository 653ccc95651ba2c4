"""The public corpora that the product knows: facts, addresses and terms in, an entry each of the catalogue out."""
