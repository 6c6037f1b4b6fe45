// Six tunes to begin with, in ABC: five that are common property, one written for this page. H is a fermata.

/** @type {ReadonlyArray<{name: string, abc: string}>} */
export const SAMPLES = [
  {
    name: "Old Hundredth, 1551",
    abc: `X:1
T:Old Hundredth
C:Louis Bourgeois, 1551
M:4/4
L:1/4
Q:1/4=80
K:G
G | G F E D | G A HB B | B B A G | c B HA G |
A B A G | E F HG d | B G A c | B A HG |]`,
  },
  {
    name: "Ode to Joy, 1824",
    abc: `X:1
T:Ode to Joy
C:Ludwig van Beethoven, 1824
M:4/4
L:1/4
Q:1/4=100
K:D
F F G A | A G F E | D D E F | F>E HE2 |
F F G A | A G F E | D D E F | E>D HD2 |
E E F D | E F/G/ F D | E F/G/ F E | D E HA, F |
F F G A | A G F E | D D E F | E>D HD2 |]`,
  },
  {
    name: "New Britain (Amazing Grace), 1829",
    abc: `X:1
T:New Britain
C:Columbian Harmony, 1829
M:3/4
L:1/4
Q:1/4=84
K:G
D | G2 B/G/ | B2 A | G2 E | HD2 D | G2 B/G/ | B2 A | Hd3- | d2 B |
d>B d/B/ | G2 D | E>G G/E/ | HD2 D | G2 B/G/ | B2 A | HG3- | G2 |]`,
  },
  {
    name: "Auld Lang Syne, 1799",
    abc: `X:1
T:Auld Lang Syne
C:Scottish, printed in 1799
M:4/4
L:1/4
Q:1/4=88
K:F
C | F>F F A | G>F G A | F>F A c | Hd3 d | c>A A F | G>F G A | F>D D C | HF3 d |
c>A A F | G>F G d | c>A A c | Hd3 d | c>A A F | G>F G A | F>D D C | HF3 |]`,
  },
  {
    name: "Greensleeves, 1580",
    abc: `X:1
T:Greensleeves
C:English, 1580
M:6/8
L:1/8
Q:3/8=48
K:Am
A | c2 d e>^fe | d2 B G>AB | c2 A A>^GA | B2 ^G HE2 A |
c2 d e>^fe | d2 B G>AB | c>BA ^G>^F^G | A3 HA2 |]`,
  },
  {
    name: "Late October, written for this page",
    abc: `X:1
T:Late October
M:4/4
L:1/4
Q:1/4=72
K:Dm
D | F E D A | G F HE E | F G A d | c B HA A |
d c B A | G A HF F | E D ^C E | D2 HD |]`,
  },
];
