"""E-mails, websites and telephone numbers, as they are kept and as they are compared."""

from __future__ import annotations

from pipecli.records.emails_and_phones import domain_key, is_same_phone, normal_email, phone_key, website_key


def test_what_tells_nothing_is_no_key():
    websites = ("localhost", "https://www.Contoso.example/es", "http://a@b.example:80", None)
    assert [website_key(website) for website in websites] == [None, "contoso.example", "b.example", None]
    domains = ("@Contoso.example", "localhost", ".example", "example.")
    assert [domain_key(domain) for domain in domains] == ["contoso.example", None, None, None]
    assert [phone_key(phone) for phone in ("600-1002", "600-100", "tel.", None)] == [
        "6001002",
        None,
        None,
        None,
    ]
    assert is_same_phone("600 10 02", "600-1002") and not is_same_phone("600 100", "600100")
    assert is_same_phone(*2 * ("12345 12345 12345 12345",))  # longer than any that a country has
    spelt = ("Maria", "María <Maria@CONTOSO.Example>", "mailto:B@C.Example")
    assert [normal_email(email) for email in spelt] == ["Maria", "Maria@contoso.example", "B@c.example"]
