"""Tokens for the services of an LMS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lti_tool.db import Id, Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "service_token",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("host", sa.String(length=300), nullable=False),
        sa.Column("scopes_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"],
            ["platform.id"],
            name=op.f("fk_service_token_platform_id_platform"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_token")),
        sa.UniqueConstraint(
            "platform_id", "host", "scopes_hash", name=op.f("uq_service_token_platform_id_host_scopes_hash")
        ),
    )
    op.create_index(op.f("ix_service_token_expires_at"), "service_token", ["expires_at"], unique=False)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("service_token")
