"""The template whose documents are PDF/A-2b, with the parties' names and the executed copy.

PDF/A-2 takes no attached JSON: the annex holds the canonical terms. Templates of before attach it
or do not know what is printed now, so this one is active whatever was, also for drafts under way.
"""

import hashlib

import sqlalchemy
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SOURCE = r"""// Contract of sale with escrow. Everything that varies comes in as JSON and is
// printed as text: nothing that a party typed is ever read as markup.
#let data = json(bytes(sys.inputs.data))
#let w = data.words
#let signed = data.at("executed", default: none)
#let ink = rgb("#1c2733")
#let quiet = rgb("#5a6672")
#let rule-color = rgb("#c9d1d9")
#let other-scripts = (
  "DejaVu Sans", "Droid Sans Fallback", "NanumSquare", "Noto Sans Thai", "Noto Sans Devanagari",
  "Symbola",
)
#let mono = ("DejaVu Sans Mono", ..other-scripts)
#let kind = if signed == none { "Contract of sale, with escrow" } else {
  "Contract of sale, with escrow: executed copy"
}

#set document(
  title: kind + " " + w.contract_id, author: "Holdfast", keywords: (data.terms_sha256,),
)
#let margin = (x: 26mm, top: 28mm, bottom: 28mm)
#set page(
  paper: "a4",
  margin: margin,
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
      [Terms hash #text(font: mono, size: 6pt, data.terms_sha256)],
      [Page #counter(page).display() of #counter(page).final().first()],
    )
  },
)
#set text(font: ("Noto Serif", ..other-scripts), fill: ink, lang: "en")
#set heading(numbering: "1")

// What a person typed may be one word without end: it breaks where the line does, and nothing
// that cannot be seen is put into it.
#let typed(body) = {
  show regex("\S{24,}"): it => it.text.clusters().chunks(12).map(part => part.join()).join(
    h(0.001pt),
  )
  body
}
#let code(body) = text(font: mono, size: 0.8em, typed(body))
#let dim(body) = text(fill: quiet, body)

#let contract(roomy) = {
  let row = 0.42em * roomy
  let line-below = (x, y) => (bottom: 0.4pt + rule-color)
  set text(10pt * (1 + (roomy - 1) * 0.25))
  set par(leading: 0.72em * roomy, spacing: 1.05em * roomy, justify: false)
  show heading: it => block(
    above: 1.9em * roomy, below: 0.85em * roomy, sticky: true,
    text(11.5pt, weight: "bold")[
      #if it.numbering != none [#counter(heading).display() #h(0.5em)] #it.body
    ],
  )
  let pairs(..cells) = table(
    columns: (42mm, 1fr), inset: (x: 0pt, y: row), stroke: line-below,
    ..cells.pos().enumerate().map(((i, cell)) => if calc.odd(i) { cell } else { dim(cell) }),
  )
  let party(side) = {
    code(side.user_id)
    for account in side.accounts [
      \ #dim(account.provider) #typed(account.name) #dim[· id] #code(account.account_id)
    ]
  }

  text(2em, weight: "bold")[Contract of sale, with escrow]
  v(-0.6em)
  dim[
    #if signed != none [*Executed copy*, sealed when both had signed · ]
    Drafted #data.drafted_at · template #data.template_version
  ]
  v(0.4em)
  pairs(
    [Contract], code(w.contract_id),
    [Deal], code(w.deal_id),
    [Seller], party(data.seller),
    [Buyer], party(data.buyer),
  )
  text(0.85em, dim[
    Names are as Discord and Roblox told them when their owner last logged in there, before this
    contract was drafted. Names can change; the ids beside them do not, and it is the ids that are
    bound.
  ])

  [= What is sold
  The seller sells to the buyer the following, whole and free of rights of others:]
  pairs(
    [Title], typed(w.title),
    [Kind], w.goods,
    [Asset], code(w.asset_id),
    [Listing], code(w.listing_id),
    [Snapshot (SHA-256)], code(w.snapshot_sha256),
  )

  [= Price and fees]
  pairs(
    [Price], strong(w.price),
    [Paid through], w.rail,
    [Fee of the buyer], w.buyer_fee,
    [Fee of the seller], w.seller_fee,
    [The buyer pays], w.buyer_pays,
    [The seller receives], strong(w.seller_receives),
  )
  if w.tranches.len() > 1 [
    The price is paid out in #str(w.tranches.len()) parts:
    #w.tranches.map(part => "part " + part.at(0) + ": " + part.at(1)).join("; ").
  ]

  [= Time]
  table(
    columns: (1fr, 32mm, 58mm),
    inset: (x, y) => (left: 0pt, right: if x == 2 { 0pt } else { 8pt }, y: row),
    stroke: line-below,
    table.header(dim[Step], dim[Time], dim[If nobody acts]),
    [The buyer pays], w.funding, [The deal is cancelled.],
    [The seller delivers], w.delivery, [The buyer gets the money back.],
    [The buyer inspects], w.inspection, [The money goes to the seller.],
    [The same, once the transfer is proven on both sides], w.inspection_proven,
    [The money goes to the seller.],
  )

  [= The escrow
  The buyer's money is held until the buyer confirms the delivery, the time to inspect ends without
  a dispute, or a ruling or settlement says otherwise. It is paid out to the seller less the
  seller's fee, or paid back to the buyer. The escrow opens only if the hash of its terms equals the
  terms hash below; nobody, Holdfast included, can change these terms afterwards.]

  [= Conditions agreed by the parties]
  if w.conditions == "" [None beyond this contract.] else {
    block(inset: (left: 10pt, y: 2pt), stroke: (left: 1.2pt + rule-color), typed(w.conditions))
  }

  [= Signature
  Each party signs once, by typing the words I AGREE under these terms. Each signature is recorded
  with its time, its way of signing, and the terms hash that was signed. With both signatures the
  contract is put into force.]
  block(breakable: false, width: 100%, inset: 10pt, radius: 2pt, fill: rgb("#f4f6f8"))[
    #text(0.8em, dim[Terms hash: SHA-256 of the canonical terms, which the annex holds])
    #v(-0.4em)
    #text(font: mono, size: 0.86em, data.terms_sha256)
  ]
  if signed != none {
    [= Signed by]
    for one in signed.signatures {
      block(breakable: false, width: 100%, pairs(
        strong(if one.side == "buyer" [Buyer] else [Seller]), party(data.at(one.side)),
        [When], one.signed_at,
        [How], one.method,
        [Terms hash signed], code(one.terms_sha256),
      ))
    }
    block(breakable: false)[
      The text that both were shown and signed is the PDF with this SHA-256; this copy repeats it
      and adds the signatures. Both had signed #signed.completed_at.
      #linebreak() #code(signed.pdf_sha256)
    ]
  }

  heading(numbering: none)[Annex: the canonical terms]
  text(0.9em, dim[
    The terms as JSON, broken into lines only to fit the page: joined without anything between them
    and written as RFC 8785 says (sorted keys, no white space, UTF-8), they have the terms hash.
    This file carries the seal of the platform: a reader of PDF shows whether it was changed since.
  ])
  block({
    set text(font: mono, size: 6.6pt)
    set par(leading: 0.6em * roomy)
    data.annex.map(line => [#line]).join(linebreak())
  })
}

// The same contract is set a little tighter or wider, so that its last page is not left half empty.
#context {
  let size = (width: page.width - 2 * margin.x, height: page.height - margin.top - margin.bottom)
  let pages(roomy) = measure(block(width: size.width, contract(roomy))).height / size.height
  // What is measured knows no page: each break may leave a line or two free.
  let full(roomy) = {
    let all = pages(roomy)
    let rest = calc.fract(all)
    rest > 0.6 and rest < 0.97 - 0.03 * calc.floor(all)
  }
  let widths = (1.0, 1.06, 0.94, 1.12, 0.88, 1.18, 0.82, 1.24, 1.3, 1.36, 1.42, 1.03, 0.97, 1.09)
  let nth = 0
  while nth < widths.len() and not full(widths.at(nth)) { nth += 1 }
  contract(widths.at(nth, default: 1.0))
}
"""

RETIRE = "UPDATE templates SET active = false WHERE active"
ADD = (
    "INSERT INTO templates (version, source, sha256, active, note, created_by, created_at)"
    " SELECT max(version) + 1, :source, :sha256, true, 'PDF/A, names, executed copy', 'migration',"
    " now() FROM templates"
)
TAKE_OVER = "UPDATE drafts SET template_version = (SELECT version FROM templates WHERE active)"


def upgrade() -> None:
    values = {"source": SOURCE, "sha256": hashlib.sha256(SOURCE.encode()).hexdigest()}
    op.execute(RETIRE)
    op.get_bind().execute(sqlalchemy.text(ADD), values)
    op.execute(TAKE_OVER)


def downgrade() -> None:
    raise RuntimeError("forward only: restore a backup to go back")
