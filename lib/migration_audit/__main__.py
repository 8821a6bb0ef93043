"""``python -m migration_audit``: the command line."""

from migration_audit.cli import main

if __name__ == "__main__":
    main(prog_name="migration-audit")
