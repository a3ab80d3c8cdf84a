// A connection of gorilla's with two lanes, one for what reads and one for what writes, as its documentation demands.
// Its handlers note what they were called with. RFC 6455 section 5.5.
package main

import (
	"io"

	"github.com/gorilla/websocket"
)

// maxNoted is how many pings and pongs are kept for those who ask; more are dropped.
const maxNoted = 1024

type connection struct {
	ws            *websocket.Conn
	pings, pongs  chan string
	reads, writes chan func()
	writer        io.WriteCloser // left open; of the lane that writes
	within        *progress      // of the message that is being read; of the lane that reads
}

// operation runs in the lane that its table belongs to.
type operation func(c *connection, r request) (answer, error)

func newConnection(ws *websocket.Conn, readLimit int64) *connection {
	c := &connection{
		ws:     ws,
		pings:  make(chan string, maxNoted),
		pongs:  make(chan string, maxNoted),
		reads:  make(chan func(), 64),
		writes: make(chan func(), 64),
	}
	ws.SetReadLimit(readLimit)
	answerPing := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		note(c.pings, data)
		c.within.note("ping", data)
		return answerPing(data)
	})
	ws.SetPongHandler(func(data string) error {
		note(c.pongs, data)
		c.within.note("pong", data)
		return nil
	})
	for _, lane := range []chan func(){c.reads, c.writes} {
		go func(lane chan func()) {
			for do := range lane {
				do()
			}
		}(lane)
	}
	return c
}

func note(to chan string, data string) {
	select {
	case to <- data:
	default:
	}
}

// aside are the operations that wait for no other.
var aside = map[string]operation{
	// The next ping or pong; they are handled while something reads.
	"ping": func(c *connection, r request) (answer, error) { return answer{"data": []byte(<-c.pings)}, nil },
	"pong": func(c *connection, r request) (answer, error) { return answer{"data": []byte(<-c.pongs)}, nil },
	// gorilla's Close: no Close frame.
	"terminate": func(c *connection, r request) (answer, error) { return nil, c.ws.Close() },
}
