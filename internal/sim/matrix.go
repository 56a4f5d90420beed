package sim

import "fmt"

// Row is a row of the CANCEL matrix: at which moment, or against what, a call is cancelled.
type Row uint8

const (
	RowNone        Row = iota
	RowBefore100       // hung up before any response
	RowAfter100        // after the 100
	RowAfter180        // while it rings
	RowCrossing        // the 200 to the INVITE crosses the CANCEL
	RowAfter200        // hung up within half a second of the 200
	RowRepeated        // the CANCEL is sent, or comes, more than once
	RowReordered       // the CANCEL comes before its INVITE, or the 487 before the 200 to the CANCEL
	RowAfter407        // the INVITE that is cancelled is the one with credentials
	RowForked          // several branches are cancelled
	RowLosing          // a 2xx comes from a branch that was cancelled, or another one after the first
	Row481             // the CANCEL is answered by 481
	RowNo487           // the CANCEL is answered, the INVITE never
	RowNoCancelOK      // the 200 to the CANCEL is lost, or never sent
	RowOtherSource     // the CANCEL comes from somebody else
	rows
)

var rowNames = [rows]string{"none", "before 100", "after 100", "after 180", "crossing 200", "after 200", "retransmitted", "reordered", "after 407 retry", "forked 1..n",
	"2xx from losing branch", "callee 481", "no 487 ever", "200(CANCEL) lost", "different source"}

func (r Row) String() string { return rowNames[r] }

// Column is a column of the matrix: how the caller is connected, and to how many proxies.
type Column struct {
	Link    Link
	Proxies int
}

// Link is how lossy the way is.
type Link uint8

const (
	LinkClean Link = iota // UDP without loss
	Link5                 // UDP, 5 %
	Link30                // UDP, 30 %
	LinkTCP
	LinkTLS
	links
)

var linkNames = [links]string{"UDP 0 %", "UDP 5 %", "UDP 30 %", "TCP", "TLS"}

func (l Link) String() string { return linkNames[l] }

// heads are the columns as they are printed: the three that the matrix has, and two proxies.
var heads = [...]int{0, 1, 3, 2}

// Matrix counts what was seen in each cell.
type Matrix [rows][links][4]int

// Empty returns the cells of the matrix that nothing was seen in, and how many cells there are. Two proxies in a row are not part of it.
func (m *Matrix) Empty() (empty []string, all int) {
	for r := RowNone + 1; r < rows; r++ {
		for l := range links {
			for _, p := range heads[:3] {
				all++
				if m[r][l][p] == 0 {
					empty = append(empty, fmt.Sprintf("%s, %s, %s", r, l, hops(p)))
				}
			}
		}
	}
	return empty, all
}

func hops(n int) string {
	switch n {
	case 0:
		return "UA"
	case 1:
		return "one proxy"
	}
	return fmt.Sprint(n, " proxies")
}

func (m *Matrix) add(o *Matrix) {
	for r := range m {
		for l := range m[r] {
			for p := range m[r][l] {
				m[r][l][p] += o[r][l][p]
			}
		}
	}
}
