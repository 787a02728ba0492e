"""Errors as ftrack reports them: ONE object in place of the whole list of results.

Names are those seen on live servers. The status is what a request with `ftrack-strict-api: true` gets;
every other request gets 200 with the same body. ftrack's pages promise a 4xx/5xx and list no codes, so
these are the plain HTTP meanings.

    ServiceError                    500  a fault of the sandbox itself ("ServerError" on the wire)
    +-- InvalidCredentialsError     401  the key or the user is wrong
    +-- FTAuthenticationError       401  no key or no user was sent
    +-- ForbiddenError              403  rows only the server may write ("PermissionError" on the wire)
    +-- ValidationError             400  unknown type or attribute, wrong or missing value, no such row
    |   +-- ParseError              400  a query expression that cannot be read
    +-- IntegrityError              409  a reference to a row that is not there
        +-- DuplicateEntryError     409  the key, or a unique value, is taken
"""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """The root; `name` and the text go over the wire, `status` is the strict HTTP status."""

    name = "ServerError"
    status = 500

    def body(self) -> dict[str, Any]:
        """The wire form: exception, content, error_code."""
        return {"exception": self.name, "content": str(self), "error_code": None}


class InvalidCredentialsError(ServiceError):
    name, status = "InvalidCredentialsError", 401


class FTAuthenticationError(ServiceError):
    name, status = "FTAuthenticationError", 401


class ForbiddenError(ServiceError):
    name, status = "PermissionError", 403


class ValidationError(ServiceError):
    name, status = "ValidationError", 400


class ParseError(ValidationError):
    name = "ParseError"


class IntegrityError(ServiceError):
    name, status = "IntegrityError", 409


class DuplicateEntryError(IntegrityError):
    name = "DuplicateEntryError"
