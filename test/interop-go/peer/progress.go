// Where in a message control frames came. RFC 6455 section 5.4.
package main

import (
	"bytes"
	"io"
)

// noted is a ping or pong, and how much of the message was there before it.
type noted struct {
	What string `json:"what"`
	Data []byte `json:"data"`
	At   int    `json:"at"`
}

// progress is of a message that is being read piece by piece.
type progress struct {
	bytes int
	noted []noted
}

func (p *progress) note(what, data string) {
	if p != nil {
		p.noted = append(p.noted, noted{what, []byte(data), p.bytes})
	}
}

// echoNoting sends one message back, and tells which control frames came in front of its end, and where. A read of
// gorilla's ends with the frame, at the latest.
func echoNoting(c *connection, r request) (answer, error) {
	p := &progress{noted: []noted{}}
	c.within = p
	defer func() { c.within = nil }()
	kind, reader, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := reader.Read(buffer)
		data.Write(buffer[:n])
		p.bytes += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return answer{"noted": p.noted}, c.ws.WriteMessage(kind, data.Bytes())
}
