"""The people, deals and leads of a pipeline that a mail can belong to, from the index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, tzinfo
from typing import Any, NamedTuple

from pipecli.json_and_csv import loads
from pipecli.records.emails_and_phones import (
    addresses,
    domain_key,
    email_domain,
    email_key,
    users_by_address,
    website_domain,
)
from pipecli.records.kinds import CONTACT, CUSTOMER, LEAD, OPPORTUNITY, SUPPLIER
from pipecli.store.pipeline import Pipeline
from pipecli.workflow.lead_or_deal_of_mail import Known, KnownPerson, LeadOrDeal


class AddressBook(NamedTuple):
    known: Known
    records: dict[str, LeadOrDeal]
    """Every deal and lead by its id."""
    customer_of_domain: dict[str, tuple[str, str]]
    """The one customer, by slug and name, whose mails come from a domain."""


def address_book(pipeline: Pipeline) -> AddressBook:
    """The address book of a pipeline. Raises FaultyFile when one of its records can't be read."""
    pipeline.require_readable(LEAD, OPPORTUNITY, CONTACT, CUSTOMER, SUPPLIER)
    connection = pipeline.index.connection
    zone = pipeline.now.tzinfo
    assert zone is not None
    settings = pipeline.settings_as_written
    company, users = settings.get("company", {}), settings.get("users") or {}
    known = Known(
        ours=dict.fromkeys(addresses(company)) | users_by_address(users),
        our_domains=frozenset(filter(None, map(domain_key, company.get("domains", ())))),
        likely_our_domains=_likely_our_domains(company, users),
        people=_people(connection),
        suppliers=_suppliers(connection),
    )
    records = _deals(connection, known, zone) | _leads(connection, known)
    for message_id, record in connection.execute(
        "SELECT message_id, record FROM activities WHERE message_id IS NOT NULL"
    ):
        known.threads.setdefault(message_id, []).append(records[record])
    return AddressBook(known, records, _domains(connection))


def _likely_our_domains(company: Mapping[str, Any], users: Mapping[str, Any]) -> frozenset[str]:
    """The domains of the company's e-mail and website and of the users' main addresses, free mail's aside."""
    of_users = (email_domain(user.get("email")) for user in users.values())
    domains = (email_domain(company.get("email")), website_domain(company.get("website")), *of_users)
    return frozenset(domain for domain in domains if domain)


def _people(connection: sqlite3.Connection) -> dict[str, list[KnownPerson]]:
    people: defaultdict[str, list[KnownPerson]] = defaultdict(list)
    for slug, name, customer, emails in connection.execute(
        "SELECT id, name, customer, emails FROM _contacts WHERE emails IS NOT NULL ORDER BY id"
    ):
        for key in filter(None, map(email_key, loads(emails))):
            people[key].append(KnownPerson(name, slug, customer))
    for slug, name, email in connection.execute(
        "SELECT id, name, email FROM _customers WHERE email IS NOT NULL ORDER BY id"
    ):
        if own := email_key(email):
            people[own].append(KnownPerson(name, None, slug))
    return dict(people)


def _suppliers(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT email, name FROM _suppliers WHERE email IS NOT NULL")
    return {key: name for email, name in rows if (key := email_key(email))}


def _deals(connection: sqlite3.Connection, known: Known, zone: tzinfo) -> dict[str, LeadOrDeal]:
    """The deals by id; those of each contact, customer and lead's address are put into `known`."""
    of_customer: defaultdict[str, list[LeadOrDeal]] = defaultdict(list)
    of_lead: defaultdict[str, list[LeadOrDeal]] = defaultdict(list)
    deals = {}
    for key, created, status, closed, customer, lead_created, email in connection.execute(
        "SELECT o.id, o.created, o.status, o.closed_date, o.customer, l.created, l.email "
        "FROM _opportunities o LEFT JOIN _records r ON r.noun = 'lead' AND r.key = o.lead "
        "LEFT JOIN _leads l ON l.path = r.path ORDER BY o.id"
    ):
        began = min(datetime.fromisoformat(text) for text in (created, lead_created) if text)
        ended = datetime.combine(date.fromisoformat(closed), time(), zone) if closed else None
        deal = deals[key] = LeadOrDeal("opportunity", key, began, status == "open", ended)
        if customer:
            of_customer[customer].append(deal)
        if address := email_key(email):
            of_lead[address].append(deal)
    of_contact: defaultdict[str, list[LeadOrDeal]] = defaultdict(list)
    for key, contact in connection.execute("SELECT opportunity, contact FROM stakeholders ORDER BY 1"):
        of_contact[contact].append(deals[key])
    known.deals_of_contact, known.deals_of_customer, known.deals_of_lead = of_contact, of_customer, of_lead
    return deals


def _leads(connection: sqlite3.Connection, known: Known) -> dict[str, LeadOrDeal]:
    """The leads by id. Those that are given up can be written to where no other has the address."""
    leads = {}
    given_up: defaultdict[str, list[LeadOrDeal]] = defaultdict(list)
    for key, created, status, email in connection.execute(
        "SELECT id, created, status, email FROM _leads ORDER BY id"
    ):
        lead = leads[key] = LeadOrDeal("lead", key, datetime.fromisoformat(created))
        address = email_key(email)
        if address and status != "converted":
            (given_up if status == "disqualified" else known.leads).setdefault(address, []).append(lead)
    for address, records in given_up.items():
        known.leads.setdefault(address, records)
    return leads


def _domains(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """The domains that belong to one organisation, as its own addresses and its contacts' tell."""
    owners_of: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def note(slug: str, name: str, domains: Iterable[str | None]) -> None:
        for domain in filter(None, domains):
            owners_of[domain].add((slug, name))

    for slug, name, email, website in connection.execute(
        "SELECT id, name, email, website FROM _customers WHERE kind <> 'person'"
    ):
        note(slug, name, [email_domain(email), website_domain(website)])
    for slug, name, emails in connection.execute(
        "SELECT c.id, c.name, p.emails FROM _contacts p JOIN _customers c ON c.id = p.customer "
        "WHERE c.kind <> 'person' AND p.emails IS NOT NULL"
    ):
        note(slug, name, map(email_domain, loads(emails)))
    return {domain: next(iter(owners)) for domain, owners in owners_of.items() if len(owners) == 1}
