"""The first template of a contract; later ones come in through the API."""

import hashlib

import sqlalchemy
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SOURCE = r"""// Contract of sale with escrow. Everything that varies comes in as JSON and is
// printed as text: nothing that a party typed is ever read as markup.
#let data = json(bytes(sys.inputs.data))
#let w = data.words
#let ink = rgb("#1c2733")
#let quiet = rgb("#5a6672")
#let other-scripts = (
  "DejaVu Sans", "Droid Sans Fallback", "NanumSquare", "Noto Sans Thai", "Noto Sans Devanagari",
  "Symbola",
)
#let rule-color = rgb("#c9d1d9")

#set document(
  title: "Contract " + w.contract_id, author: "Holdfast", keywords: (data.terms_sha256,),
)
#set page(
  paper: "a4",
  margin: (x: 26mm, top: 28mm, bottom: 28mm),
  header: context {
    set text(8pt, fill: quiet)
    if counter(page).get().first() > 1 [Holdfast · contract #w.contract_id #h(1fr) Sale with escrow]
  },
  footer: context {
    set text(7pt, fill: quiet)
    line(length: 100%, stroke: 0.4pt + rule-color)
    v(-4pt)
    grid(
      columns: (1fr, auto),
      [Terms hash #text(font: "DejaVu Sans Mono", size: 6pt, data.terms_sha256)],
      [Page #counter(page).display() of #counter(page).final().first()],
    )
  },
)
#set text(
  font: ("Noto Serif", ..other-scripts),
  size: 10pt, fill: ink, lang: "en",
)
#set par(leading: 0.72em, spacing: 1.05em, justify: false)
#show raw: set text(font: ("DejaVu Sans Mono", ..other-scripts), size: 8pt)
#set heading(numbering: "1")
#show heading: it => block(above: 1.9em, below: 0.85em, sticky: true, text(11.5pt, weight: "bold")[
  #if it.numbering != none [#counter(heading).display() #h(0.5em)] #it.body
])

#let code(body) = text(font: ("DejaVu Sans Mono", ..other-scripts), size: 8pt, body)
#let pairs(..cells) = table(
  columns: (42mm, 1fr),
  inset: (x: 0pt, y: 4.2pt),
  stroke: (x, y) => (bottom: 0.4pt + rule-color),
  ..cells.pos().enumerate().map(((i, cell)) => if calc.odd(i) { cell } else {
    text(fill: quiet, cell)
  }),
)

#text(20pt, weight: "bold")[Contract of sale, with escrow]
#v(-6pt)
#text(fill: quiet)[Drafted #data.drafted_at · template #data.template_version]
#v(4pt)
#pairs(
  [Contract], code(w.contract_id),
  [Deal], code(w.deal_id),
  [Seller], code(w.seller_id),
  [Buyer], code(w.buyer_id),
)

= What is sold
The seller sells to the buyer the following, whole and free of rights of others:
#pairs(
  [Title], w.title,
  [Kind], w.goods,
  [Asset], code(w.asset_id),
  [Listing], code(w.listing_id),
  [Snapshot (SHA-256)], code(w.snapshot_sha256),
)

= Price and fees
#pairs(
  [Price], strong(w.price),
  [Paid through], w.rail,
  [Fee of the buyer], w.buyer_fee,
  [Fee of the seller], w.seller_fee,
  [The buyer pays], w.buyer_pays,
  [The seller receives], strong(w.seller_receives),
)
#if w.tranches.len() > 1 [
  The price is paid out in #str(w.tranches.len()) parts:
  #w.tranches.map(part => "part " + part.at(0) + ": " + part.at(1)).join("; ").
]

= Time
#table(
  columns: (1fr, 32mm, 58mm),
  inset: (x, y) => (left: 0pt, right: if x == 2 { 0pt } else { 8pt }, y: 4.2pt),
  stroke: (x, y) => (bottom: 0.4pt + rule-color),
  text(fill: quiet)[Step], text(fill: quiet)[Time], text(fill: quiet)[If nobody acts],
  [The buyer pays], w.funding, [The deal is cancelled.],
  [The seller delivers], w.delivery, [The buyer gets the money back.],
  [The buyer inspects], w.inspection, [The money goes to the seller.],
  [The same, once the transfer is proven on both sides], w.inspection_proven,
  [The money goes to the seller.],
)

= The escrow
The buyer's money is held until the buyer confirms the delivery, the time to inspect ends without
a dispute, or a ruling or settlement says otherwise. It is paid out to the seller less the
seller's fee, or paid back to the buyer. The escrow opens only if the hash of its terms equals the
terms hash below; nobody, Holdfast included, can change these terms afterwards.

= Conditions agreed by the parties
#if w.conditions == "" [None beyond this contract.] else {
  block(inset: (left: 10pt, y: 2pt), stroke: (left: 1.2pt + rule-color), w.conditions)
}

= Signature
Each party signs once, by typing the words I AGREE under these terms. Each signature is recorded
with its time, its way of signing, and the terms hash that was signed. With both signatures the
contract is put into force.

#block(
  breakable: false, width: 100%, inset: 10pt, radius: 2pt, fill: rgb("#f4f6f8"),
)[
  #text(8pt, fill: quiet)[
    Terms hash: SHA-256 of the canonical terms, which are attached to this file as terms.json
  ]
  #v(-4pt)
  #text(font: "DejaVu Sans Mono", size: 8.6pt, weight: "regular", data.terms_sha256)
]

#heading(numbering: none)[Annex: the canonical terms]
#text(9pt, fill: quiet)[
  One line of JSON with sorted keys and no white space; it is broken here only to fit the page, and
  characters that cannot be seen are spelled out. The attached terms.json holds its exact bytes.
]

#code(data.canonical_shown)

#pdf.attach(
  "terms.json", bytes(data.canonical),
  relationship: "data", mime-type: "application/json",
  description: "The canonical terms of this contract",
)
"""


def upgrade() -> None:
    statement = sqlalchemy.text(
        "INSERT INTO templates (version, source, sha256, active, note, created_by, created_at)"
        " VALUES (1, :source, :sha256, true, 'The first template', 'migration', now())"
    )
    values = {"source": SOURCE, "sha256": hashlib.sha256(SOURCE.encode()).hexdigest()}
    op.get_bind().execute(statement, values)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
