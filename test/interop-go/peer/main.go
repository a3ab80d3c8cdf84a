// The peer of the interop tests: gorilla/websocket as server and as client, told what to do by JSON on standard input.
// Each request gets one answer on standard output, with its id; the program ends when standard input does.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

// request is what the tests ask for; each operation uses the fields that it needs.
type request struct {
	ID      int      `json:"id"`
	Op      string   `json:"op"`
	On      int      `json:"on"`   // the listener or connection that is meant
	Also    []int    `json:"also"` // more connections
	URL     string   `json:"url"`
	Type    int      `json:"type"`
	Data    []byte   `json:"data"`
	Parts   [][]byte `json:"parts"`
	Pings   [][]byte `json:"pings"`  // sent between the parts
	Means   string   `json:"means"`  // of writing the parts
	Open    bool     `json:"open"`   // the writer stays open
	Resume  bool     `json:"resume"` // the writer that stayed open goes on
	Count   int      `json:"count"`
	Code    int      `json:"code"`
	Reason  string   `json:"reason"`
	Options options  `json:"options"`
}

// answer is what an operation gives; a failed one has error and what end and dial say about it.
type answer map[string]interface{}

// peer has what the tests have opened, by the numbers that they know it by.
type peer struct {
	mu          sync.Mutex
	next        int
	listeners   map[int]*listener
	connections map[int]*connection
}

func (p *peer) addConnection(c *connection) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	p.connections[p.next] = c
	return p.next
}

func (p *peer) addListener(l *listener) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	p.listeners[p.next] = l
	return p.next
}

func (p *peer) find(id int) (*listener, *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listeners[id], p.connections[id]
}

// begin starts the operation and calls reply once it is done. Those of one lane of a connection wait for each other.
func (p *peer) begin(r request, reply func(answer, error)) {
	l, c := p.find(r.On)
	switch {
	case r.Op == "listen":
		go func() { reply(p.listen(r)) }()
	case r.Op == "dial":
		go func() { reply(p.dial(r)) }()
	case r.Op == "prepared":
		go func() { reply(p.prepared(r)) }()
	case r.Op == "accept" && l != nil:
		go func() { reply(p.accept(l)) }()
	case r.Op == "closeListener" && l != nil:
		reply(answer{}, l.server.Close())
	case c != nil && reading[r.Op] != nil:
		c.reads <- func() { reply(reading[r.Op](c, r)) }
	case c != nil && writing[r.Op] != nil:
		c.writes <- func() { reply(writing[r.Op](c, r)) }
	case c != nil && aside[r.Op] != nil:
		go func() { reply(aside[r.Op](c, r)) }()
	default:
		reply(nil, fmt.Errorf("no operation %q on %d", r.Op, r.On))
	}
}

// describe puts into the answer what is known about an error.
func describe(a answer, err error) answer {
	if a == nil {
		a = answer{}
	}
	a["error"] = err.Error()
	var close *websocket.CloseError
	if errors.As(err, &close) {
		a["closeCode"] = close.Code
		a["closeText"] = close.Text
	}
	return a
}

func main() {
	p := &peer{listeners: map[int]*listener{}, connections: map[int]*connection{}}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(os.Stdin)
	for {
		var r request
		err := in.Decode(&r)
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bad request:", err)
			os.Exit(1)
		}
		p.begin(r, func(a answer, err error) {
			if err != nil {
				a = describe(a, err)
			}
			if a == nil {
				a = answer{}
			}
			a["id"] = r.ID
			mu.Lock()
			defer mu.Unlock()
			if err := out.Encode(a); err != nil {
				os.Exit(1)
			}
		})
	}
}
