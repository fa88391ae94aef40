"""The record and the report: moments, formal records, snapshots, API clients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lti_tool.db import Id, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_client",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=300), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_api_client_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_client")),
        sa.UniqueConstraint("client_id", name=op.f("uq_api_client_client_id")),
    )
    op.create_index(op.f("ix_api_client_organisation_id"), "api_client", ["organisation_id"], unique=False)
    op.create_table(
        "report_snapshot",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("by", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("taken_at", Utc(), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("total", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_report_snapshot_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_snapshot")),
        sa.UniqueConstraint(
            "organisation_id", "period", "by", name=op.f("uq_report_snapshot_organisation_id_period_by")
        ),
    )
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client_id", Id(), nullable=False),
        sa.Column("scopes", sa.String(length=300), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_client.id"], name=op.f("fk_api_token_client_id_api_client"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_api_token")),
    )
    op.create_index(op.f("ix_api_token_client_id"), "api_token", ["client_id"], unique=False)
    op.create_index(op.f("ix_api_token_expires_at"), "api_token", ["expires_at"], unique=False)
    op.create_table(
        "formal_record",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("staff_id", Id(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("provider", sa.String(length=200), nullable=False),
        sa.Column("accreditor", sa.String(length=200), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("certificate", sa.String(length=300), nullable=False),
        sa.Column("imported_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_formal_record_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_formal_record_staff_id_staff_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_formal_record")),
        sa.UniqueConstraint(
            "staff_id",
            "title",
            "completed_on",
            "provider",
            name=op.f("uq_formal_record_staff_id_title_completed_on_provider"),
        ),
    )
    op.create_index(
        "ix_formal_record_organisation_completed_on", "formal_record", ["organisation_id", "completed_on"], unique=False
    )
    op.create_table(
        "moment",
        sa.Column("id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_moment_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_moment_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moment")),
        sa.UniqueConstraint("person_id", "source", name=op.f("uq_moment_person_id_source")),
    )
    op.create_index("ix_moment_person_happened_on", "moment", ["person_id", "happened_on"], unique=False)
    op.create_table(
        "skipped_suggestion",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("skipped_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_skipped_suggestion_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "source", name=op.f("pk_skipped_suggestion")),
    )
    op.create_table(
        "moment_share",
        sa.Column("moment_id", Id(), nullable=False),
        sa.Column("receiver", sa.String(length=10), nullable=False),
        sa.Column("shared_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["moment_id"], ["moment.id"], name=op.f("fk_moment_share_moment_id_moment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("moment_id", "receiver", name=op.f("pk_moment_share")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("moment_share")
    op.drop_table("skipped_suggestion")
    op.drop_index("ix_moment_person_happened_on", table_name="moment")
    op.drop_table("moment")
    op.drop_index("ix_formal_record_organisation_completed_on", table_name="formal_record")
    op.drop_table("formal_record")
    op.drop_index(op.f("ix_api_token_expires_at"), table_name="api_token")
    op.drop_index(op.f("ix_api_token_client_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_table("report_snapshot")
    op.drop_index(op.f("ix_api_client_organisation_id"), table_name="api_client")
    op.drop_table("api_client")
