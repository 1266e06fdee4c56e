// Command fetch obtains the third-party files of the GraphiQL page: each package is packed by the npm client, checked
// against the integrity that is written here, and the files named are compressed into the assets folder, licences beside
// them. Versions change here and nowhere else.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// source is one npm package, and what is taken out of it.
type source struct {
	name, version string
	integrity     string            // of the packed archive, as npm states it
	files         map[string]string // path in the package -> name in the assets
	license       string            // path in the package
}

var sources = []source{
	{
		name: "graphiql", version: "4.1.2",
		integrity: "sha512-rNlzQIAzm6i2KBXmVQWBgLvt0TloxFVB2d18bukvdsvjEuFDHsKx5IVOomL1W1o5WW+tE54+ioHb2AEKzO2cUg==",
		files:     map[string]string{"graphiql.min.js": "graphiql.js", "graphiql.min.css": "graphiql.css"},
		license:   "LICENSE",
	},
	{
		name: "react", version: "18.3.1",
		integrity: "sha512-wS+hAgJShR0KhEvPJArfuPVN1+Hz1t0Y6n5jLrGQbkb4urgPE/0Rve+1kMB1v/oWgHgm4WIcV+i7F2pTVj+2iQ==",
		files:     map[string]string{"umd/react.production.min.js": "react.js"},
		license:   "LICENSE",
	},
	{
		name: "react-dom", version: "18.3.1",
		integrity: "sha512-5m4nQKp+rZRb09LNH59GM4BxTh9251/ylbKIbpe7TpGxfJ+9kv6BLkLBXIjjspbgbnIBNqlI23tRnTWT0snUIw==",
		files:     map[string]string{"umd/react-dom.production.min.js": "react-dom.js"},
		license:   "LICENSE",
	},
	{
		name: "graphql-ws", version: "5.16.2", // the last with a bundle for browsers
		integrity: "sha512-E1uccsZxt/96jH/OwmLPuXMACILs76pKF2i3W861LpKBCYtGIyPQGtWLuBLkND4ox1KHns70e83PS4te50nvPQ==",
		files:     map[string]string{"umd/graphql-ws.min.js": "graphql-ws.js"},
		license:   "LICENSE.md",
	},
}

func main() {
	out := flag.String("out", "assets", "folder to write into")
	flag.Parse()
	for _, s := range sources {
		if err := s.fetch(*out); err != nil {
			log.Fatalf("%s@%s: %v", s.name, s.version, err)
		}
	}
}

func (s source) fetch(out string) error {
	archive, err := s.pack()
	if err != nil {
		return err
	}
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != s.integrity {
		return fmt.Errorf("integrity is %s, want %s", got, s.integrity)
	}
	wanted := map[string]string{s.license: filepath.Join("licenses", s.name+".txt")}
	for path, name := range s.files {
		wanted[path] = name + ".gz"
	}
	return extract(archive, out, wanted)
}

// pack lets npm obtain the published archive.
func (s source) pack() ([]byte, error) {
	dir, err := os.MkdirTemp("", "graphiql")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, s.name+"@"+s.version)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, s.name+"-"+s.version+".tgz"))
}

// extract writes the wanted files of an npm archive, whose paths begin with "package/"; those named .gz compressed.
func extract(archive []byte, out string, wanted map[string]string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	entries, left := tar.NewReader(unzipped), len(wanted)
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := wanted[strings.TrimPrefix(header.Name, "package/")]
		if !ok {
			continue
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(out, name), content); err != nil {
			return err
		}
		left--
	}
	if left > 0 {
		return fmt.Errorf("%d files are missing", left)
	}
	return nil
}

// sourceMap is a comment that sends a browser's debugger to a file which is not served.
var sourceMap = regexp.MustCompile(`(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.* \*/)$`)

func write(path string, content []byte) error {
	if strings.HasSuffix(path, ".gz") {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := w.Write(sourceMap.ReplaceAll(content, nil)); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		content = b.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
