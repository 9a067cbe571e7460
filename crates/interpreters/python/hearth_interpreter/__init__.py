"""The Python interpreter of Hearth: runs the code of one session for the server that started it.

Run it as a program (`python -u <folder>/hearth_interpreter`) in its private folder. How the server talks to it is written
in PROTOCOL.md. One thread does all talking (`channel`), the main thread runs what was asked for, one request after the
other (`interpreter`), so that Ctrl-C and everything else behaves as in a program of the user's own.

Only the standard library and what PySpark's Connect client brings are used.
"""
