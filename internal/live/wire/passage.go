package wire

import (
	"time"

	"sipscribe/internal/live"
)

// Fate is what becomes of a message.
type Fate uint8

const (
	// Carried: it arrives, if nothing comes between.
	Carried Fate = iota
	// Lost: the network has lost it.
	Lost
	// Doubled: it arrives twice.
	Doubled
	// Nobody is at the address.
	Nobody
	// Refused: there is no connection, and none can be made.
	Refused
	// Cut: when it should have arrived, the way or the node was down, or the connection had ended.
	Cut
)

func (f Fate) String() string {
	return [...]string{"carried", "lost", "doubled", "nobody there", "refused", "cut off"}[f]
}

// Passage is a message on its way from one node to another.
type Passage struct {
	// Number counts the messages that were sent, from 1.
	Number   int
	From, To *Node // To is nil where nobody is
	Flow     live.Flow
	Sent     time.Time // of a Cut: when it should have arrived
	Fate     Fate
	Arrives  [2]time.Time // once, or twice
	Data     []byte       // borrowed
}
