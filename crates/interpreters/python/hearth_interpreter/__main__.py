"""Starts the interpreter, from a package or from a folder given by its path."""

import os
import sys

if not __package__:
    # Python put the folder of this file first on the path: its modules must not stand in the way of the user's.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from hearth_interpreter.interpreter import main

main()
