"""Registering, testing and logging an LMS; doors that copies lead to; rosters; work that happens later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lti_tool.db import Id, Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "queued_job",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lane", sa.String(length=100), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("due_at", Utc(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("leased_until", Utc(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.Column("failed_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queued_job")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_queued_job_kind_key")),
    )
    with op.batch_alter_table("queued_job", schema=None) as batch_op:
        batch_op.create_index("ix_queued_job_due", ["failed_at", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_queued_job_lane"), ["lane"], unique=False)

    op.create_table(
        "token_ask",
        sa.Column("who", sa.LargeBinary(length=32), nullable=False),
        sa.Column("begun_at", Utc(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_token_ask")),
    )
    with op.batch_alter_table("token_ask", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_ask_begun_at"), ["begun_at"], unique=False)

    op.create_table(
        "acknowledgement",
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_acknowledgement_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "what", name=op.f("pk_acknowledgement")),
    )
    op.create_table(
        "logo",
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_logo_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_logo")),
    )
    op.create_table(
        "network_invitation",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("network_id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_network_invitation_network_id_network"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_network_invitation_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_network_invitation")),
    )
    with op.batch_alter_table("network_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_invitation_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_invitation_network_id"), ["network_id"], unique=False)

    op.create_table(
        "network_sheet",
        sa.Column("network_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_network_sheet_network_id_network"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("network_id", "version", name=op.f("pk_network_sheet")),
    )
    op.create_table(
        "registration_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("used_at", Utc(), nullable=True),
        sa.Column("taken_by", Id(), nullable=True),
        sa.Column("taken_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_registration_code_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_registration_code")),
    )
    with op.batch_alter_table("registration_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registration_code_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "context_copy",
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("origin_id", sa.String(length=255), nullable=False),
        sa.Column("copied_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_context_copy_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("platform_id", "context_id", "origin_id", name=op.f("pk_context_copy")),
    )
    op.create_table(
        "launch_count",
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("device", sa.String(length=10), nullable=False),
        sa.Column("launches", sa.Integer(), nullable=False),
        sa.Column("last_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_launch_count_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "platform_id", "day", "outcome", "kind", "role", "way", "device", name=op.f("pk_launch_count")
        ),
    )
    op.create_table(
        "launch_fault",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("deployment", sa.String(length=255), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_launch_fault_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_fault")),
    )
    with op.batch_alter_table("launch_fault", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_launch_fault_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_launch_fault_platform_id"), ["platform_id"], unique=False)

    op.create_table(
        "lms_course",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("memberships_url", sa.String(length=1000), nullable=False),
        sa.Column("lineitems_url", sa.String(length=1000), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_lms_course_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_course")),
        sa.UniqueConstraint("platform_id", "context_id", name=op.f("uq_lms_course_platform_id_context_id")),
    )
    op.create_table(
        "notice_seen",
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("notice_id", sa.String(length=255), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_notice_seen_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("platform_id", "notice_id", name=op.f("pk_notice_seen")),
    )
    with op.batch_alter_table("notice_seen", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_seen_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "pending_registration",
        sa.Column("id", Id(), nullable=False),
        sa.Column("asked_from", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("configuration", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("sent_at", Utc(), nullable=True),
        sa.Column("platform_id", Id(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"],
            ["platform.id"],
            name=op.f("fk_pending_registration_platform_id_platform"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_registration")),
    )
    with op.batch_alter_table("pending_registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pending_registration_asked_from"), ["asked_from"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_registration_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_registration_platform_id"), ["platform_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pending_registration_token_hash"), ["token_hash"], unique=False)

    op.create_table(
        "platform_test",
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("tested_at", Utc(), nullable=True),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_platform_test_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_platform_test")),
    )
    op.create_table(
        "lms_link",
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("resource_link_id", sa.String(length=255), nullable=False),
        sa.Column("lineitem_url", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_lms_link_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "resource_link_id", name=op.f("pk_lms_link")),
    )
    op.create_table(
        "picking",
        sa.Column("id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("context_title", sa.String(length=300), nullable=False),
        sa.Column("answer_to", sa.LargeBinary(), nullable=False),
        sa.Column("product", sa.String(length=100), nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("window", sa.Boolean(), nullable=False),
        sa.Column("frame_hosts", sa.String(length=1000), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_picking_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_picking_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picking")),
    )
    with op.batch_alter_table("picking", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_picking_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_picking_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_picking_platform_id"), ["platform_id"], unique=False)

    op.create_table(
        "roster",
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("asked_at", Utc(), nullable=True),
        sa.Column("begun_at", Utc(), nullable=True),
        sa.Column("so_far", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.Column("read_at", Utc(), nullable=True),
        sa.Column("error", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_roster_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_roster")),
    )
    op.create_table(
        "roster_member",
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("pseudonym", sa.LargeBinary(length=16), nullable=False),
        sa.Column("teaches", sa.Boolean(), nullable=False),
        sa.Column("first_round", sa.Integer(), nullable=False),
        sa.Column("last_round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_roster_member_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "pseudonym", name=op.f("pk_roster_member")),
    )
    op.create_table(
        "confirmation",
        sa.Column("id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("resource_link_id", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("asked_at", Utc(), nullable=False),
        sa.Column("sent_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_confirmation_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_confirmation_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_confirmation_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("person_id", "space_id", name=op.f("uq_confirmation_person_id_space_id")),
    )
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_confirmation_course_id"), ["course_id"], unique=False)
        batch_op.create_index("ix_confirmation_space_id", ["space_id"], unique=False)

    op.create_table(
        "confirming_space",
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_confirming_space_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", name=op.f("pk_confirming_space")),
    )
    op.create_table(
        "line_item",
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("resource_link_id", sa.String(length=255), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("maker", sa.String(length=32), nullable=False),
        sa.Column("making_until", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_line_item_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_line_item_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "resource_link_id", "space_id", name=op.f("pk_line_item")),
    )
    with op.batch_alter_table("line_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_line_item_space_id"), ["space_id"], unique=False)

    op.create_table(
        "roster_count",
        sa.Column("course_id", Id(), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("counted_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lms_course.id"], name=op.f("fk_roster_count_course_id_lms_course"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_roster_count_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "space_id", name=op.f("pk_roster_count")),
    )
    with op.batch_alter_table("roster_count", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_count_space_id"), ["space_id"], unique=False)

    op.create_table(
        "placed_link",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("context_title", sa.String(length=300), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("lets_in", sa.Boolean(), nullable=False),
        sa.Column("placed_by", Id(), nullable=True),
        sa.Column("placed_at", Utc(), nullable=False),
        sa.Column("door_id", Id(), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["door_id"], ["door.id"], name=op.f("fk_placed_link_door_id_door"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_placed_link_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["placed_by"], ["person.id"], name=op.f("fk_placed_link_placed_by_person")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_placed_link_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_placed_link_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_placed_link")),
    )
    with op.batch_alter_table("placed_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placed_link_door_id"), ["door_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placed_link_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placed_link_placed_by"), ["placed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_placed_link_platform_id"), ["platform_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placed_link_space_id"), ["space_id"], unique=False)

    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("switched_off_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("notices_url", sa.String(length=1000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("notices_asked_at", Utc(), nullable=True))

    with op.batch_alter_table("door", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copy_of", Id(), nullable=True))
        batch_op.add_column(sa.Column("shut", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index(batch_op.f("ix_door_copy_of"), ["copy_of"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_door_copy_of_space"), "space", ["copy_of"], ["id"], ondelete="SET NULL"
        )

    with op.batch_alter_table("knock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("welcome", sa.Boolean(), server_default=sa.true(), nullable=False))

    with op.batch_alter_table("login_state", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proof_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("storage_target", sa.String(length=100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("again", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("used_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("session_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("path", sa.String(length=2000), server_default="", nullable=False))

    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.add_column(sa.Column("welcome", sa.Boolean(), server_default=sa.true(), nullable=False))

    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sheet_version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("network_member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sheet_version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(length=2), server_default="nl", nullable=False))
        batch_op.add_column(sa.Column("accent", sa.String(length=7), server_default="", nullable=False))
        batch_op.add_column(sa.Column("logo_hash", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.String(length=100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("names", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("emails", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("roster", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("grades", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("scopes", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("frame_hosts", sa.String(length=1000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("switched_off_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("key_fetch_until", Utc(), nullable=True))

    with op.batch_alter_table("tab_ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("path", sa.String(length=2000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("proof_hash", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("frame_hosts", sa.String(length=1000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("frame_token", sa.String(length=100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("role", sa.String(length=10), server_default="", nullable=False))
        batch_op.alter_column("platform_id", nullable=True)

    with op.batch_alter_table("tool_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signs_from", Utc(), nullable=True))

    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("frame_token", sa.String(length=100), server_default="", nullable=False))


def downgrade() -> None:
    """Take them away again."""
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_column("frame_token")

    with op.batch_alter_table("tool_key", schema=None) as batch_op:
        batch_op.drop_column("signs_from")

    with op.batch_alter_table("tab_ticket", schema=None) as batch_op:
        batch_op.alter_column("platform_id", nullable=False)
        batch_op.drop_column("role")
        batch_op.drop_column("frame_token")
        batch_op.drop_column("frame_hosts")
        batch_op.drop_column("proof_hash")
        batch_op.drop_column("path")

    with op.batch_alter_table("platform", schema=None) as batch_op:
        batch_op.drop_column("key_fetch_until")
        batch_op.drop_column("switched_off_at")
        batch_op.drop_column("frame_hosts")
        batch_op.drop_column("scopes")
        batch_op.drop_column("grades")
        batch_op.drop_column("roster")
        batch_op.drop_column("emails")
        batch_op.drop_column("names")
        batch_op.drop_column("version")

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("logo_hash")
        batch_op.drop_column("accent")
        batch_op.drop_column("language")

    with op.batch_alter_table("network_member", schema=None) as batch_op:
        batch_op.drop_column("sheet_version")

    with op.batch_alter_table("network", schema=None) as batch_op:
        batch_op.drop_column("sheet_version")

    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_column("welcome")

    with op.batch_alter_table("login_state", schema=None) as batch_op:
        batch_op.drop_column("path")
        batch_op.drop_column("session_hash")
        batch_op.drop_column("used_at")
        batch_op.drop_column("again")
        batch_op.drop_column("storage_target")
        batch_op.drop_column("proof_hash")

    with op.batch_alter_table("knock", schema=None) as batch_op:
        batch_op.drop_column("welcome")

    with op.batch_alter_table("door", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_door_copy_of_space"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_door_copy_of"))
        batch_op.drop_column("shut")
        batch_op.drop_column("copy_of")

    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.drop_column("notices_asked_at")
        batch_op.drop_column("notices_url")
        batch_op.drop_column("switched_off_at")
        batch_op.drop_column("name")

    with op.batch_alter_table("placed_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placed_link_space_id"))
        batch_op.drop_index(batch_op.f("ix_placed_link_platform_id"))
        batch_op.drop_index(batch_op.f("ix_placed_link_placed_by"))
        batch_op.drop_index(batch_op.f("ix_placed_link_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_placed_link_door_id"))

    op.drop_table("placed_link")
    with op.batch_alter_table("roster_count", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_count_space_id"))

    op.drop_table("roster_count")
    with op.batch_alter_table("line_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_line_item_space_id"))

    op.drop_table("line_item")
    op.drop_table("confirming_space")
    with op.batch_alter_table("confirmation", schema=None) as batch_op:
        batch_op.drop_index("ix_confirmation_space_id")
        batch_op.drop_index(batch_op.f("ix_confirmation_course_id"))

    op.drop_table("confirmation")
    op.drop_table("roster_member")
    op.drop_table("roster")
    with op.batch_alter_table("picking", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_picking_platform_id"))
        batch_op.drop_index(batch_op.f("ix_picking_person_id"))
        batch_op.drop_index(batch_op.f("ix_picking_expires_at"))

    op.drop_table("picking")
    op.drop_table("lms_link")
    op.drop_table("platform_test")
    with op.batch_alter_table("pending_registration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pending_registration_token_hash"))
        batch_op.drop_index(batch_op.f("ix_pending_registration_platform_id"))
        batch_op.drop_index(batch_op.f("ix_pending_registration_expires_at"))
        batch_op.drop_index(batch_op.f("ix_pending_registration_asked_from"))

    op.drop_table("pending_registration")
    with op.batch_alter_table("notice_seen", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_seen_seen_at"))

    op.drop_table("notice_seen")
    op.drop_table("lms_course")
    with op.batch_alter_table("launch_fault", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_launch_fault_platform_id"))
        batch_op.drop_index(batch_op.f("ix_launch_fault_at"))

    op.drop_table("launch_fault")
    op.drop_table("launch_count")
    op.drop_table("context_copy")
    with op.batch_alter_table("registration_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registration_code_expires_at"))

    op.drop_table("registration_code")
    op.drop_table("network_sheet")
    with op.batch_alter_table("network_invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_invitation_network_id"))
        batch_op.drop_index(batch_op.f("ix_network_invitation_expires_at"))

    op.drop_table("network_invitation")
    op.drop_table("logo")
    op.drop_table("acknowledgement")
    with op.batch_alter_table("token_ask", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_token_ask_begun_at"))

    op.drop_table("token_ask")
    with op.batch_alter_table("queued_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queued_job_lane"))
        batch_op.drop_index("ix_queued_job_due")

    op.drop_table("queued_job")
