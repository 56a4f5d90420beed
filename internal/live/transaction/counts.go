package transaction

// Counts are the numbers of transactions of each machine in each state, and what happened since the layer began.
type Counts struct {
	In [machines][states]int
	// Sent counts the messages that were sent again (Timers A, E, G, and answers to repeats), Absorbed the messages that belonged to a
	// transaction and were nothing new, Refused the transactions that there was no room for.
	Sent, Absorbed, Refused uint64
}

// Counts returns the numbers as they are now.
func (l *Layer) Counts() Counts { return l.counts }

// Of returns how many transactions a machine has.
func (c *Counts) Of(m Machine) int {
	n := 0
	for _, k := range c.In[m] {
		n += k
	}
	return n
}

// All returns how many transactions there are.
func (c *Counts) All() int {
	n := 0
	for m := range machines {
		n += c.Of(m)
	}
	return n
}
