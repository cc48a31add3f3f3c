/** Texts to begin with, each written for this page. */

export const TEXTS = [
  {
    name: "bedtime-story.txt",
    text: `The fox was small and the wood was big. She ran to the pond each night to look at the moon.
One night the moon was not there. The fox sat down and did not know what to do.
"Why do you sit here?" said the old frog. "I lost the moon," said the fox.
The frog gave a long laugh. "It is not lost. It is just late, like you and me."
So they sat and they talked. They talked of rain and of worms. They talked of snow, which the frog
had never seen. The wind fell. The reeds stood still.
Then a thin white edge came up behind the hill. It grew, and the pond grew bright.
"There," said the frog. "It had to climb a hill." The fox did not say a word.
She put her nose to the pond and the moon broke up in rings. Then it was whole once more.
She came back the next night, and the next. She was never sad when the sky was dark.
She knew that things which are late may still be on the way.`,
  },
  {
    name: "release-notes.md",
    text: `This release brings flags that follow you from one device to the next. You can now pause a
rollout, look at the numbers, and continue when you are ready. Snapshots open twice as fast.
We also fixed a problem that made the counter jump after a long break. Search finds words with
accents. The list keeps its place when you go back. Exported files carry the name of the project.
If you use the older format, nothing changes for you until the end of the year. After that, the
importer will ask you once and remember your answer. Three settings have moved to a page of their
own, because most people never change them. The keyboard reaches every button. Long names are cut
in the middle, so that you can tell them apart. Reports that arrive late are counted on the day they
belong to. Thank you for the two hundred messages you sent us; we have read each of them.`,
  },
  {
    name: "rental-contract.txt",
    text: `The lessee shall indemnify the lessor against any liability arising from negligent
utilisation of the premises, notwithstanding contributory circumstances of whatever description.
Modifications necessitating structural interventions require the lessor's prior written
authorisation, which may not be unreasonably withheld. Expenditure attributable to deterioration
through ordinary utilisation is borne exclusively by the lessor. Outstanding remuneration
accumulates interest from the contractual maturity date. Notifications are considered delivered on
the third working day following dispatch. Subletting is permitted provided that the lessor receives
notification identifying the subtenant. Termination requires observance of a three-month period,
unless extraordinary circumstances demonstrably justify immediate dissolution. Supplementary
agreements are invalid unless documented in writing. The invalidity of individual provisions
does not impair the remaining stipulations of this agreement.`,
  },
  {
    name: "field-report.txt",
    text: `We left the station at six. The road was dry and empty until the second bridge, at which
point a herd of goats, supervised by nobody in particular, had decided to negotiate with a delivery
van. It took an hour. By noon we had reached the plateau, set up both antennas and measured the first
hundred values. They look good. Temperature variations between consecutive observations remained
inconsiderable, whereas atmospheric interference increased considerably after midday, presumably
because of the approaching precipitation. Then it rained. It rained hard. We covered the equipment,
ate bread and cheese in the car and wrote this. Tomorrow we will repeat the measurements with the
replacement amplifier, provided that it survives the night. The goats were still there on our way
back. The van was not.`,
  },
];
