"""Several trainings, and what their difference means.

A prepared corpus and many systems in, verdicts, tables, a report and a listening test out; ``cli`` offers it.
"""
