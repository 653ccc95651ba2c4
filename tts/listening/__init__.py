"""Listening tests: a self-contained page that people take offline, and the analysis of the files they send back.

``levels`` makes stimuli comparable, ``stimuli`` finds them, ``design`` decides what is asked, ``page`` and ``webmushra`` write
the test, ``responses`` reads what came back, ``analysis`` and ``report`` say what it means. The way a test is run is in
``assets/`` (JavaScript and CSS, put into the page as they are).
"""
