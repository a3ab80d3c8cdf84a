// What writes: messages at once, in fragments, prepared, and control frames. RFC 6455 sections 5.4 and 5.5.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/gorilla/websocket"
)

// controlTime is what a control frame has until it is handed over to the operating system.
const controlTime = 20 * time.Second

var writing = map[string]operation{
	"write": func(c *connection, r request) (answer, error) {
		return nil, c.ws.WriteMessage(r.Type, r.Data)
	},
	"writeJSON": func(c *connection, r request) (answer, error) {
		return nil, c.ws.WriteJSON(json.RawMessage(r.Data))
	},
	"control": func(c *connection, r request) (answer, error) {
		return nil, c.ws.WriteControl(r.Type, r.Data, time.Now().Add(controlTime))
	},
	"close": func(c *connection, r request) (answer, error) {
		payload := websocket.FormatCloseMessage(r.Code, r.Reason)
		return nil, c.ws.WriteControl(websocket.CloseMessage, payload, time.Now().Add(controlTime))
	},
	"writeCounted": writeCounted,
	"writeMixed":   writeMixed,
	"writeLarge":   writeLarge,
	"writeParts":   writeParts,
}

func writeCounted(c *connection, r request) (answer, error) {
	for n := 0; n < r.Count; n++ {
		if err := c.ws.WriteMessage(r.Type, counted(n)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// writeParts writes one message through NextWriter. A fragment leaves whenever the connection's write buffer is full.
func writeParts(c *connection, r request) (answer, error) {
	var err error
	w := c.writer
	if !r.Resume {
		if w, err = c.ws.NextWriter(r.Type); err != nil {
			return nil, err
		}
	}
	for i, part := range r.Parts {
		switch r.Means {
		case "Write":
			_, err = w.Write(part)
		case "WriteString":
			_, err = io.WriteString(w, string(part))
		case "ReadFrom":
			_, err = w.(io.ReaderFrom).ReadFrom(bytes.NewReader(part))
		default:
			err = fmt.Errorf("no means %q", r.Means)
		}
		if err == nil && i < len(r.Pings) {
			err = c.ws.WriteControl(websocket.PingMessage, r.Pings[i], time.Now().Add(controlTime))
		}
		if err != nil {
			return nil, err
		}
	}
	if r.Open {
		c.writer = w
		return nil, nil
	}
	return nil, w.Close()
}

// prepared sends one PreparedMessage to every connection, count times.
func (p *peer) prepared(r request) (answer, error) {
	message, err := websocket.NewPreparedMessage(r.Type, r.Data)
	if err != nil {
		return nil, err
	}
	for n := 0; n < r.Count; n++ {
		for _, id := range r.Also {
			_, c := p.find(id)
			if c == nil {
				return nil, fmt.Errorf("no connection %d", id)
			}
			if err := c.ws.WritePreparedMessage(message); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}
