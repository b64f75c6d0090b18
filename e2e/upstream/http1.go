package upstream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/e2e/raw"
)

func (s *Server) serveHTTP1(conn net.Conn, in *bufio.Reader) {
	for {
		r, err := readHTTP1(in)
		if err != nil {
			return
		}
		s.keep(r)
		if slices.Contains(r.Get("upgrade"), "websocket") {
			echo(conn, in)
			return
		}
		if err := answerHTTP1(conn, r); err != nil {
			return
		}
	}
}

// answerHTTP1 says yes, and in the body repeats the head that it received.
func answerHTTP1(w io.Writer, r *Request) error {
	body := r.Head
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\n%s: yes\r\ncontent-length: %d\r\n\r\n", ReachedHeader, len(body))
	if r.Method == "HEAD" {
		body = nil
	}
	_, err := w.Write(append([]byte(head), body...))
	return err
}

// echo accepts the upgrade without looking at its key and sends back whatever comes.
func echo(conn net.Conn, in *bufio.Reader) {
	_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n"+ReachedHeader+": yes\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
	if err == nil {
		_, _ = io.Copy(conn, in) // ends with the connection
	}
}

func readHTTP1(in *bufio.Reader) (*Request, error) {
	r := &Request{}
	line, err := r.line(in)
	if err != nil {
		return nil, err
	}
	method, rest, _ := strings.Cut(line, " ")
	target := strings.LastIndexByte(rest, ' ')
	if target < 0 {
		return nil, fmt.Errorf("request line %q", line)
	}
	r.Method, r.Path = method, rest[:target]
	for {
		line, err := r.line(in)
		if err != nil {
			return nil, err
		}
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		r.Fields = append(r.Fields, raw.Field{Name: strings.ToLower(name), Value: strings.TrimPrefix(value, " ")})
	}
	r.Host = strings.Join(r.Get("host"), "\n")
	r.Body, err = body(in, r)
	return r, err
}

// line reads one line, keeps it in Head and returns it without its end.
func (r *Request) line(in *bufio.Reader) (string, error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return "", err
	}
	r.Head = append(r.Head, line...)
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}

func body(in *bufio.Reader, r *Request) ([]byte, error) {
	if len(r.Get("transfer-encoding")) > 0 {
		return chunks(in)
	}
	length := r.Get("content-length")
	if len(length) == 0 {
		return nil, nil
	}
	n, err := strconv.Atoi(length[0])
	if err != nil || n < 0 || n > 1<<24 {
		return nil, fmt.Errorf("content-length %q", length)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(in, body)
	return body, err
}

func chunks(in *bufio.Reader) ([]byte, error) {
	var all []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(strings.TrimSpace(line), 16, 24)
		if err != nil {
			return nil, err
		}
		chunk := make([]byte, n+2) // with the line's end
		if _, err := io.ReadFull(in, chunk); err != nil {
			return nil, err
		}
		all = append(all, chunk[:n]...)
		if n == 0 {
			return all, nil
		}
	}
}
