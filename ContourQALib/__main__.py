"""`python -m ContourQALib`: the command line where the command `contourqa` is not on the path."""

from ContourQALib.cli import main

main()
