"""The house: organisations, people, spaces, doors, conversations.

Raw activity is split by month on PostgreSQL from the beginning.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lti_tool.db import Id, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "activity_fold_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_fold_mark")),
    )
    op.create_table(
        "form_receipt",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("location", sa.String(length=1000), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_form_receipt")),
    )
    op.create_index(op.f("ix_form_receipt_created_at"), "form_receipt", ["created_at"], unique=False)
    op.create_table(
        "installation",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "network",
        sa.Column("id", Id(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint("slug", name=op.f("uq_network_slug")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", Id(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisation_slug")),
    )
    op.create_table(
        "scheduled_run",
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_scheduled_run")),
    )
    op.create_table(
        "tool_key",
        sa.Column("id", Id(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("retired_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_key")),
        sa.UniqueConstraint("kid", name=op.f("uq_tool_key_kid")),
    )
    op.create_table(
        "activity_fold",
        sa.Column("pseudonym", sa.LargeBinary(length=16), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("quarter", sa.String(length=7), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.Column("came", sa.Boolean(), nullable=False),
        sa.Column("wrote", sa.Boolean(), nullable=False),
        sa.Column("tried", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_activity_fold_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("pseudonym", "space_id", "quarter", name=op.f("pk_activity_fold")),
    )
    op.create_index(
        "ix_activity_fold_organisation_quarter", "activity_fold", ["organisation_id", "quarter"], unique=False
    )
    op.create_table(
        "network_member",
        sa.Column("network_id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("agreed_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"], ["network.id"], name=op.f("fk_network_member_network_id_network"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_network_member_organisation_id_organisation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("network_id", "organisation_id", name=op.f("pk_network_member")),
    )
    op.create_index(op.f("ix_network_member_organisation_id"), "network_member", ["organisation_id"], unique=False)
    op.create_table(
        "platform",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("auth_url", sa.String(length=1000), nullable=False),
        sa.Column("token_url", sa.String(length=1000), nullable=False),
        sa.Column("jwks_url", sa.String(length=1000), nullable=False),
        sa.Column("product", sa.String(length=20), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("key_set", sa.JSON(), nullable=True),
        sa.Column("key_set_fetched_at", Utc(), nullable=True),
        sa.Column("key_fetches", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_platform_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
        sa.UniqueConstraint("issuer", "client_id", name=op.f("uq_platform_issuer_client_id")),
    )
    op.create_index(op.f("ix_platform_organisation_id"), "platform", ["organisation_id"], unique=False)
    op.create_table(
        "staff_member",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("cluster", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=200), nullable=False),
        sa.Column("function_family", sa.String(length=200), nullable=False),
        sa.Column("profession", sa.String(length=200), nullable=False),
        sa.Column("manager", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_staff_member_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_staff_member_organisation_id_number")),
    )
    op.create_index("ix_staff_member_department", "staff_member", ["organisation_id", "department"], unique=False)
    op.create_table(
        "deployment",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("first_seen_at", Utc(), nullable=False),
        sa.Column("last_seen_at", Utc(), nullable=True),
        sa.Column("accepted_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_deployment_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_deployment_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        sa.UniqueConstraint("platform_id", "deployment_id", name=op.f("uq_deployment_platform_id_deployment_id")),
    )
    op.create_index(op.f("ix_deployment_organisation_id"), "deployment", ["organisation_id"], unique=False)
    op.create_table(
        "login_state",
        sa.Column("state_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("nonce_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("target_link_uri", sa.String(length=2000), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_login_state_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_login_state")),
    )
    op.create_index(op.f("ix_login_state_expires_at"), "login_state", ["expires_at"], unique=False)
    op.create_index(op.f("ix_login_state_platform_id"), "login_state", ["platform_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("chosen_name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("staff_id", Id(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("arrived_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_person_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_person_staff_id_staff_member"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("staff_id", name=op.f("uq_person_staff_id")),
    )
    op.create_index(op.f("ix_person_organisation_id"), "person", ["organisation_id"], unique=False)
    op.create_table(
        "service_token",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("host", sa.String(length=300), nullable=False),
        sa.Column("scopes_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_service_token_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_token")),
        sa.UniqueConstraint(
            "platform_id", "host", "scopes_hash", name=op.f("uq_service_token_platform_id_host_scopes_hash")
        ),
    )
    op.create_index(op.f("ix_service_token_expires_at"), "service_token", ["expires_at"], unique=False)
    op.create_table(
        "staff_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", Id(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_staff_code_staff_id_staff_member"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_staff_code")),
        sa.UniqueConstraint("staff_id", name=op.f("uq_staff_code_staff_id")),
    )
    op.create_table(
        "activity",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("space_organisation_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_activity_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_activity_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_organisation_id"], ["organisation.id"], name=op.f("fk_activity_space_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("day", "person_id", "space_id", "kind", name=op.f("pk_activity")),
        postgresql_partition_by="RANGE (day)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE activity_default PARTITION OF activity DEFAULT")
    op.create_index("ix_activity_person_day", "activity", ["person_id", "day"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_audit_entry_actor_id_person")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_audit_entry_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_actor_id"), "audit_entry", ["actor_id"], unique=False)
    op.create_index("ix_audit_entry_organisation_at", "audit_entry", ["organisation_id", "at"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("staff_number", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_identity_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_identity_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("platform_id", "subject", name=op.f("uq_identity_platform_id_subject")),
    )
    op.create_index(op.f("ix_identity_person_id"), "identity", ["person_id"], unique=False)
    op.create_table(
        "organisation_grant",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("given_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_grant_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_organisation_grant_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_organisation_grant")),
    )
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sign_in_link_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_link")),
    )
    op.create_index(op.f("ix_sign_in_link_person_id"), "sign_in_link", ["person_id"], unique=False)
    op.create_table(
        "space",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("network_id", Id(), nullable=True),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("what_for", sa.Text(), nullable=False),
        sa.Column("what_for_html", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("started_by", Id(), nullable=True),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("shared_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], name=op.f("fk_space_network_id_network")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_space_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["started_by"], ["person.id"], name=op.f("fk_space_started_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_space")),
        sa.UniqueConstraint("slug", name=op.f("uq_space_slug")),
    )
    op.create_index(op.f("ix_space_network_id"), "space", ["network_id"], unique=False)
    op.create_index(op.f("ix_space_organisation_id"), "space", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_space_started_by"), "space", ["started_by"], unique=False)
    op.create_table(
        "tab_ticket",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("placement", sa.JSON(), nullable=False),
        sa.Column("back_href", sa.String(length=1000), nullable=False),
        sa.Column("back_label", sa.String(length=300), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_tab_ticket_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_tab_ticket_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_tab_ticket")),
    )
    op.create_index(op.f("ix_tab_ticket_expires_at"), "tab_ticket", ["expires_at"], unique=False)
    op.create_index(op.f("ix_tab_ticket_person_id"), "tab_ticket", ["person_id"], unique=False)
    op.create_index(op.f("ix_tab_ticket_platform_id"), "tab_ticket", ["platform_id"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("id", Id(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("frame_hosts", sa.String(length=1000), nullable=False),
        sa.Column("back_href", sa.String(length=1000), nullable=False),
        sa.Column("back_label", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_web_session_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_session_token_hash")),
    )
    op.create_index(op.f("ix_web_session_person_id"), "web_session", ["person_id"], unique=False)
    op.create_index(op.f("ix_web_session_seen_at"), "web_session", ["seen_at"], unique=False)
    op.create_table(
        "conversation",
        sa.Column("id", Id(), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("started_by", Id(), nullable=True),
        sa.Column("starter_name", sa.String(length=300), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("post_count", sa.Integer(), nullable=False),
        sa.Column("last_post_at", Utc(), nullable=False),
        sa.Column("last_author_id", Id(), nullable=True),
        sa.Column("last_author_name", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["last_author_id"], ["person.id"], name=op.f("fk_conversation_last_author_id_person")),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_conversation_space_id_space"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["started_by"], ["person.id"], name=op.f("fk_conversation_started_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("space_id", "number", name=op.f("uq_conversation_space_id_number")),
    )
    op.create_index(op.f("ix_conversation_last_author_id"), "conversation", ["last_author_id"], unique=False)
    op.create_index("ix_conversation_list", "conversation", ["space_id", "last_post_at", "number"], unique=False)
    op.create_index(op.f("ix_conversation_started_by"), "conversation", ["started_by"], unique=False)
    op.create_table(
        "departure",
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("left_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_departure_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_departure_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "person_id", name=op.f("pk_departure")),
    )
    op.create_index(op.f("ix_departure_left_at"), "departure", ["left_at"], unique=False)
    op.create_index(op.f("ix_departure_person_id"), "departure", ["person_id"], unique=False)
    op.create_table(
        "door",
        sa.Column("id", Id(), nullable=False),
        sa.Column("organisation_id", Id(), nullable=False),
        sa.Column("platform_id", Id(), nullable=False),
        sa.Column("context_id", sa.String(length=255), nullable=False),
        sa.Column("resource_link_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("context_title", sa.String(length=300), nullable=False),
        sa.Column("space_id", Id(), nullable=True),
        sa.Column("lets_in", sa.Boolean(), nullable=False),
        sa.Column("opened_by", Id(), nullable=True),
        sa.Column("found_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_door_opened_by_person")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_door_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_door_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_door_space_id_space"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint(
            "platform_id",
            "context_id",
            "resource_link_id",
            name=op.f("uq_door_platform_id_context_id_resource_link_id"),
        ),
    )
    op.create_index(op.f("ix_door_opened_by"), "door", ["opened_by"], unique=False)
    op.create_index(op.f("ix_door_organisation_id"), "door", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_door_space_id"), "door", ["space_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("conversation", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_draft_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_draft_space_id_space"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "space_id", "place", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_saved_at"), "draft", ["saved_at"], unique=False)
    op.create_index(op.f("ix_draft_space_id"), "draft", ["space_id"], unique=False)
    op.create_table(
        "knock",
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("knocked_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_knock_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_knock_space_id_space"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("space_id", "person_id", name=op.f("pk_knock")),
    )
    op.create_index(op.f("ix_knock_person_id"), "knock", ["person_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("quality", sa.String(length=60), nullable=False),
        sa.Column("joined_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_membership_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_membership_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "person_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "space_counter",
        sa.Column("space_id", Id(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id"], ["space.id"], name=op.f("fk_space_counter_space_id_space"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("space_id", "kind", name=op.f("pk_space_counter")),
    )
    op.create_table(
        "passage",
        sa.Column("door_id", Id(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("teaches", sa.Boolean(), nullable=False),
        sa.Column("passed_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_passage_door_id_door"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_passage_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("door_id", "person_id", name=op.f("pk_passage")),
    )
    op.create_index(op.f("ix_passage_person_id"), "passage", ["person_id"], unique=False)
    op.create_table(
        "post",
        sa.Column("id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("root_number", sa.Integer(), nullable=False),
        sa.Column("reply_to", sa.Integer(), nullable=True),
        sa.Column("author_id", Id(), nullable=True),
        sa.Column("author_name", sa.String(length=300), nullable=False),
        sa.Column("author_line", sa.String(length=410), nullable=False),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("edited_at", Utc(), nullable=True),
        sa.Column("withdrawn_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_post_author_id_person")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_post_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint("conversation_id", "number", name=op.f("uq_post_conversation_id_number")),
    )
    op.create_index("ix_post_author", "post", ["author_id", "id"], unique=False)
    op.create_index("ix_post_display", "post", ["conversation_id", "root_number", "number"], unique=False)
    op.create_index("ix_post_time", "post", ["conversation_id", "created_at"], unique=False)
    op.create_table(
        "read_mark",
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("conversation_id", Id(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("seen_count", sa.Integer(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("before_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_read_mark_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_read_mark_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "conversation_id", name=op.f("pk_read_mark")),
    )
    op.create_index(op.f("ix_read_mark_conversation_id"), "read_mark", ["conversation_id"], unique=False)


def downgrade() -> None:
    """Take them away again."""
    op.drop_index(op.f("ix_read_mark_conversation_id"), table_name="read_mark")
    op.drop_table("read_mark")
    op.drop_index("ix_post_time", table_name="post")
    op.drop_index("ix_post_display", table_name="post")
    op.drop_index("ix_post_author", table_name="post")
    op.drop_table("post")
    op.drop_index(op.f("ix_passage_person_id"), table_name="passage")
    op.drop_table("passage")
    op.drop_table("space_counter")
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_knock_person_id"), table_name="knock")
    op.drop_table("knock")
    op.drop_index(op.f("ix_draft_space_id"), table_name="draft")
    op.drop_index(op.f("ix_draft_saved_at"), table_name="draft")
    op.drop_table("draft")
    op.drop_index(op.f("ix_door_space_id"), table_name="door")
    op.drop_index(op.f("ix_door_organisation_id"), table_name="door")
    op.drop_index(op.f("ix_door_opened_by"), table_name="door")
    op.drop_table("door")
    op.drop_index(op.f("ix_departure_person_id"), table_name="departure")
    op.drop_index(op.f("ix_departure_left_at"), table_name="departure")
    op.drop_table("departure")
    op.drop_index(op.f("ix_conversation_started_by"), table_name="conversation")
    op.drop_index("ix_conversation_list", table_name="conversation")
    op.drop_index(op.f("ix_conversation_last_author_id"), table_name="conversation")
    op.drop_table("conversation")
    op.drop_index(op.f("ix_web_session_seen_at"), table_name="web_session")
    op.drop_index(op.f("ix_web_session_person_id"), table_name="web_session")
    op.drop_table("web_session")
    op.drop_index(op.f("ix_tab_ticket_platform_id"), table_name="tab_ticket")
    op.drop_index(op.f("ix_tab_ticket_person_id"), table_name="tab_ticket")
    op.drop_index(op.f("ix_tab_ticket_expires_at"), table_name="tab_ticket")
    op.drop_table("tab_ticket")
    op.drop_index(op.f("ix_space_started_by"), table_name="space")
    op.drop_index(op.f("ix_space_organisation_id"), table_name="space")
    op.drop_index(op.f("ix_space_network_id"), table_name="space")
    op.drop_table("space")
    op.drop_index(op.f("ix_sign_in_link_person_id"), table_name="sign_in_link")
    op.drop_table("sign_in_link")
    op.drop_table("organisation_grant")
    op.drop_index(op.f("ix_identity_person_id"), table_name="identity")
    op.drop_table("identity")
    op.drop_index("ix_audit_entry_organisation_at", table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor_id"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index("ix_activity_person_day", table_name="activity")
    op.drop_table("activity")
    op.drop_table("staff_code")
    op.drop_index(op.f("ix_service_token_expires_at"), table_name="service_token")
    op.drop_table("service_token")
    op.drop_index(op.f("ix_person_organisation_id"), table_name="person")
    op.drop_table("person")
    op.drop_index(op.f("ix_login_state_platform_id"), table_name="login_state")
    op.drop_index(op.f("ix_login_state_expires_at"), table_name="login_state")
    op.drop_table("login_state")
    op.drop_index(op.f("ix_deployment_organisation_id"), table_name="deployment")
    op.drop_table("deployment")
    op.drop_index("ix_staff_member_department", table_name="staff_member")
    op.drop_table("staff_member")
    op.drop_index(op.f("ix_platform_organisation_id"), table_name="platform")
    op.drop_table("platform")
    op.drop_index(op.f("ix_network_member_organisation_id"), table_name="network_member")
    op.drop_table("network_member")
    op.drop_index("ix_activity_fold_organisation_quarter", table_name="activity_fold")
    op.drop_table("activity_fold")
    op.drop_table("tool_key")
    op.drop_table("scheduled_run")
    op.drop_table("organisation")
    op.drop_table("network")
    op.drop_table("lease")
    op.drop_table("installation")
    op.drop_index(op.f("ix_form_receipt_created_at"), table_name="form_receipt")
    op.drop_table("form_receipt")
    op.drop_table("activity_fold_mark")
