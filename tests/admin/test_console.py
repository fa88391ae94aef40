"""The console is for the organisation's own admin, and shows nothing of what people write."""

from __future__ import annotations

from typing import Any


def test_no_other_role_opens_the_console(world: Any) -> None:
    organisation = world.organisation()
    for path in ("/admin", "/admin/platforms", "/admin/launches", "/admin/roles", "/admin/council"):
        assert world.somebody(organisation, "Marijke Jonker", "hr").get(path).status_code == 404
        assert world.somebody(organisation, "Fatma Yilmaz").get(path).status_code == 404
        assert world.stranger().get(path).status_code == 401


def test_without_a_connection_the_page_begins_the_installation(world: Any) -> None:
    bram = world.somebody(world.organisation(), "Bram Smit", "admin")
    page = bram.get("/admin").get_data(as_text=True)
    assert "Koppel je leeromgeving" in page
    assert "/install" in page
    shown = bram.post("/admin/platforms/invite", page="/admin").get_data(as_text=True)
    assert "http://localhost:5000/lti/register" in shown
    assert 'data-copy="register-code"' in shown
