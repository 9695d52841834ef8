"""The part of Stripe's API that the sandbox plays, by method and path template."""

INTENT = "/v1/payment_intents/{intent}"
SESSION = "/v1/checkout/sessions/{session}"
TRANSFER = "/v1/transfers/{transfer}"

ENDPOINTS = frozenset(
    {
        ("POST", "/v1/customers"),
        ("GET", "/v1/customers/{customer}"),
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/payment_intents"),
        ("GET", "/v1/payment_intents/search"),
        ("GET", INTENT),
        ("POST", INTENT),
        ("POST", f"{INTENT}/confirm"),
        ("POST", f"{INTENT}/capture"),
        ("POST", f"{INTENT}/cancel"),
        ("GET", "/v1/payment_methods/{payment_method}"),
        ("GET", "/v1/charges"),
        ("GET", "/v1/charges/{charge}"),
        ("POST", "/v1/refunds"),
        ("GET", "/v1/refunds"),
        ("GET", "/v1/refunds/{refund}"),
        ("POST", "/v1/accounts"),
        ("GET", "/v1/accounts"),
        ("GET", "/v1/accounts/{account}"),
        ("POST", "/v1/accounts/{account}"),
        ("POST", "/v1/account_links"),
        ("POST", "/v1/transfers"),
        ("GET", "/v1/transfers"),
        ("GET", TRANSFER),
        ("POST", TRANSFER),
        ("POST", "/v1/transfers/{id}/reversals"),
        ("GET", "/v1/transfers/{id}/reversals"),
        ("GET", "/v1/transfers/{transfer}/reversals/{id}"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/balance_transactions"),
        ("GET", "/v1/balance_transactions/{id}"),
        ("GET", "/v1/disputes"),
        ("GET", "/v1/disputes/{dispute}"),
        ("POST", "/v1/disputes/{dispute}"),
        ("POST", "/v1/disputes/{dispute}/close"),
        ("GET", "/v1/events"),
        ("GET", "/v1/events/{id}"),
        ("POST", "/v1/checkout/sessions"),
        ("GET", "/v1/checkout/sessions"),
        ("GET", SESSION),
        ("POST", f"{SESSION}/expire"),
        ("GET", f"{SESSION}/line_items"),
    }
)
