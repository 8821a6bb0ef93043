"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="audit.toml; by default the nearest one in this folder or above."
)
policy_from_option = click.option(
    "--policy-from", metavar="REV", help="Read policy and keys from this git revision: origin/main."
)
signers_option = click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Reviewers' keys, instead of the policy's file; cannot be combined with a revision.",
)
identity_option = click.option(
    "--as", "reviewer", required=True, metavar="IDENTITY", help="Who signs: the name in allowed_signers."
)
key_option = click.option(
    "--key",
    required=True,
    metavar="FILE",
    help="A private key, the public key of one in the agent or in hardware, or the word agent.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
direction_option = click.option(
    "--direction",
    type=click.Choice(["covers", "equal"]),
    default="covers",
    show_default=True,
    help="covers: the actual side may have more; equal: it may not.",
)
