// A shop on stripe-node: what it sells, refunds, pays out and is told, and how it is refused.
const Stripe = require("stripe");
const assert = require("node:assert");
const { once } = require("node:events");
const http = require("node:http");

const { SANDBOX, KEY } = process.env;
const { hostname, port } = new URL(SANDBOX);
const options = { host: hostname, port, protocol: "http", telemetry: false, maxNetworkRetries: 0 };
const stripe = new Stripe(KEY, options);
const { errors } = Stripe;
const SHOP = "https://shop.example";
const PRICE = 43000;

async function control(path, body = {}) {
  const answer = await fetch(`${SANDBOX}/control/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, await answer.clone().text());
  return answer.json();
}

const fault = (kind, match, more = {}) =>
  control("faults", { party: "stripe", kind, match, ...more });

// The shop's webhook: keeps the events that the client accepts, and counts what it does not.
class Shop {
  events = [];
  refused = 0;
  told = () => {};

  async open() {
    this.server = http.createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      this.take(Buffer.concat(parts), request.headers["stripe-signature"]);
      response.end();
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const url = `http://127.0.0.1:${this.server.address().port}/hook`;
    const made = await stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
    this.secret = made.secret;
  }

  take(body, signature) {
    this.last = { body, signature };
    this.events.push(stripe.webhooks.constructEvent(body, signature, this.secret));
    this.told();
  }

  async hears(type, fits = () => true) {
    for (;;) {
      const found = this.events.find((it) => it.type === type && fits(it.data.object));
      if (found) return found;
      await new Promise((resolve) => (this.told = resolve));
    }
  }
}

async function customers(shop) {
  const named = { name: "Ada", metadata: { deal: "1" } };
  const first = await stripe.customers.create(named, { idempotencyKey: "a" });
  const again = await stripe.customers.create(named, { idempotencyKey: "a" });
  assert.deepEqual([again.id, again.lastResponse.headers["idempotent-replayed"]], [first.id, "true"]);
  await assert.rejects(
    stripe.customers.create({ name: "Eve" }, { idempotencyKey: "a" }),
    errors.StripeIdempotencyError
  );
  for (const name of ["b", "c", "d"]) await stripe.customers.create({ name });
  const page = await stripe.customers.list({ limit: 2 });
  assert.deepEqual([page.data.length, page.has_more, page.url], [2, true, "/v1/customers"]);
  const all = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
  assert.deepEqual(all.map((it) => it.name), ["d", "c", "b", "Ada"]);
  const changed = await stripe.customers.update(first.id, { metadata: { deal: "", step: "2" } });
  assert.deepEqual(changed.metadata, { step: "2" });
  assert.ok((await stripe.customers.del(first.id)).deleted);
  assert.ok((await stripe.customers.retrieve(first.id)).deleted);
  await shop.hears("customer.deleted", (it) => it.id === first.id);
}

async function payments(shop) {
  const intent = await stripe.paymentIntents.create({
    amount: PRICE,
    currency: "usd",
    confirm: true,
    payment_method: "pm_card_visa",
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    transfer_group: "deal_1",
    metadata: { deal: "1" },
  });
  assert.deepEqual([intent.status, intent.capture_method], ["succeeded", "automatic_async"]);
  const early = await stripe.charges.retrieve(intent.latest_charge);
  assert.deepEqual([early.captured, early.balance_transaction], [true, null]);
  await control("clock", { advance_s: 2 });
  const told = await shop.hears("charge.updated", (it) => it.id === early.id);
  assert.equal(told.data.previous_attributes.balance_transaction, null);
  const charge = await stripe.charges.retrieve(early.id, { expand: ["balance_transaction"] });
  assert.equal(charge.balance_transaction.net, PRICE - charge.balance_transaction.fee);
  const listed = await stripe.events.list({ type: "charge.*" });
  assert.deepEqual(listed.data.map((it) => it.type), ["charge.updated", "charge.succeeded"]);
  return charge.id;
}

async function checkout(shop) {
  const session = await stripe.checkout.sessions.create({
    mode: "payment",
    success_url: `${SHOP}/done`,
    client_reference_id: "deal_2",
    line_items: [
      { quantity: 2, price_data: { currency: "usd", unit_amount: 500, product_data: { name: "Obby" } } },
    ],
  });
  const lines = await stripe.checkout.sessions.listLineItems(session.id);
  assert.deepEqual(lines.data.map((it) => [it.description, it.amount_total]), [["Obby", 1000]]);
  await control(`stripe/checkout/sessions/${session.id}/pay`, { payment_method: "pm_card_visa" });
  const done = await shop.hears("checkout.session.completed", (it) => it.id === session.id);
  assert.deepEqual([done.data.object.payment_status, done.data.object.client_reference_id], ["paid", "deal_2"]);
  await assert.rejects(stripe.checkout.sessions.expire(session.id), errors.StripeInvalidRequestError);
}

async function refunds(charge) {
  const refund = await stripe.refunds.create({ charge, amount: 300, metadata: { why: "late" } });
  assert.equal(refund.status, "succeeded");
  const noted = await stripe.refunds.update(refund.id, { metadata: { by: "ada" } });
  assert.deepEqual(noted.metadata, { why: "late", by: "ada" });
  const shown = await stripe.charges.retrieve(charge, { expand: ["refunds"] });
  assert.deepEqual([shown.amount_refunded, shown.refunds.data[0].id], [300, refund.id]);
  await assert.rejects(stripe.refunds.create({ charge, amount: PRICE }), { param: "amount" });
}

async function transfers(charge, shop) {
  const seller = await stripe.accounts.create({
    type: "express",
    capabilities: { transfers: { requested: true } },
  });
  const to = { currency: "usd", destination: seller.id, source_transaction: charge };
  await assert.rejects(stripe.transfers.create({ ...to, amount: 4000 }), {
    code: "insufficient_capabilities_for_transfer",
  });
  await control(`stripe/accounts/${seller.id}/onboard`);
  const transfer = await stripe.transfers.create({ ...to, amount: 4000 });
  assert.equal(transfer.transfer_group, "deal_1");
  const back = await stripe.transfers.createReversal(transfer.id, { amount: 1500 });
  const noted = await stripe.transfers.updateReversal(transfer.id, back.id, { metadata: { why: "x" } });
  assert.deepEqual(noted.metadata, { why: "x" });
  const reversals = await stripe.transfers.listReversals(transfer.id);
  assert.deepEqual(reversals.data.map((it) => it.amount), [1500]);
  await shop.hears("transfer.reversed", (it) => it.amount_reversed === 1500);
  const theirs = await stripe.balance.retrieve({}, { stripeAccount: seller.id });
  const whole = [...theirs.available, ...theirs.pending].reduce((sum, it) => sum + it.amount, 0);
  assert.equal(whole, 2500);
}

async function refusals() {
  const declined = { amount: PRICE, currency: "usd", confirm: true, return_url: SHOP };
  await assert.rejects(
    stripe.paymentIntents.create({ ...declined, payment_method: "pm_card_chargeDeclinedInsufficientFunds" }),
    (error) =>
      error instanceof errors.StripeCardError &&
      error.code === "card_declined" &&
      error.decline_code === "insufficient_funds"
  );
  const missing = { statusCode: 404, code: "resource_missing", param: "intent" };
  await assert.rejects(stripe.paymentIntents.retrieve("pi_none"), missing);
  await assert.rejects(stripe.charges.search({ query: "x" }), /Unrecognized request URL/);
  await assert.rejects(stripe.charges.list({ starting_after: "a", ending_before: "b" }), /only one/);
  const other = new Stripe("sk_test_wrong", options);
  await assert.rejects(other.balance.retrieve(), errors.StripeAuthenticationError);
  const unknown = { stripeAccount: "acct_none" };
  await assert.rejects(stripe.balance.retrieve({}, unknown), errors.StripePermissionError);
  const old = new Stripe(KEY, { ...options, apiVersion: "2024-06-20" });
  await assert.rejects(old.balance.retrieve(), /Invalid Stripe API version/);
  for (const [status, kind] of [[429, errors.StripeRateLimitError], [500, errors.StripeAPIError]]) {
    await fault("status", "GET /v1/balance", { status });
    await assert.rejects(stripe.balance.retrieve(), kind);
  }
  // A line that was cut is tried once more, whatever the settings say.
  await fault("drop_request", "POST /v1/customers", { times: 2 });
  await assert.rejects(stripe.customers.create({ name: "lost" }), errors.StripeConnectionError);
}

// The client tries again by itself, with a key of its own: one customer, not two.
async function retries() {
  const patient = new Stripe(KEY, { ...options, maxNetworkRetries: 2 });
  await fault("drop_reply", "POST /v1/customers");
  const made = await patient.customers.create({ name: "once" });
  const all = await stripe.customers.list({ limit: 100 }).autoPagingToArray({ limit: 100 });
  assert.deepEqual(all.filter((it) => it.name === "once").map((it) => it.id), [made.id]);
}

function signatures(shop) {
  const { body, signature } = shop.last;
  const { StripeSignatureVerificationError: Refused } = errors;
  const construct = (...given) => () => stripe.webhooks.constructEvent(...given);
  assert.equal(construct(body, signature, shop.secret)().object, "event");
  assert.throws(construct(body, signature, "whsec_other"), Refused);
  assert.throws(construct(Buffer.concat([body, Buffer.from(" ")]), signature, shop.secret), Refused);
  const old = signature.replace(/t=\d+/, "t=1");
  assert.throws(construct(body, old, shop.secret), Refused);
}

async function main() {
  const shop = new Shop();
  await shop.open();
  await customers(shop);
  const charge = await payments(shop);
  await checkout(shop);
  await refunds(charge);
  await transfers(charge, shop);
  await refusals();
  await retries();
  signatures(shop);
  shop.server.close();
  shop.server.closeAllConnections();
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
