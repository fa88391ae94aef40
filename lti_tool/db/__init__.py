"""The database: one engine, two ways in (reading, writing), the types and the base class of all tables."""

from sqlalchemy.orm import Session

from lti_tool.db.base import Base, Id, Utc, new_id, random_id
from lti_tool.db.database import Database, insert

__all__ = ["Base", "Database", "Id", "Session", "Utc", "insert", "new_id", "random_id"]
