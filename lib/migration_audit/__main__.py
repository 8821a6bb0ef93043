"""``python -m migration_audit``: the command line.

Python puts the working directory first among the places of modules, and the working directory may be a tree that is audited:
it is taken out before anything else is imported. A folder of our own name in that tree is still found first; the command
``migration-audit`` does not look there at all.
"""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]
    from migration_audit.cli import main

    main(prog_name="migration-audit")
