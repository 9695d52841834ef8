"""Every statement of SQL of this service, by what it is about."""

from contracts.store.contracts import (
    Draft,
    add,
    add_draft,
    add_job,
    add_signature,
    draft,
    drop_draft,
    find,
    find_by_pdf,
    lock,
    lock_job,
    of_person,
    save,
    save_job,
)
from contracts.store.links import Link, link, put_link, spend_link
from contracts.store.templates import (
    Template,
    active_template,
    add_template,
    all_templates,
    template_source,
)

__all__ = [
    "Draft",
    "Link",
    "Template",
    "active_template",
    "add",
    "add_draft",
    "add_job",
    "add_signature",
    "add_template",
    "all_templates",
    "draft",
    "drop_draft",
    "find",
    "find_by_pdf",
    "link",
    "lock",
    "lock_job",
    "of_person",
    "put_link",
    "save",
    "save_job",
    "spend_link",
    "template_source",
]
