"""``python -m classifier``: the command line without the installed script."""

from classifier.cli import main

main()
