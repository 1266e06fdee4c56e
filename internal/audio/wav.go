package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// WAVHeader is the size of the header that [AppendWAVHeader] writes, in bytes.
const WAVHeader = 44

// maxWAVData is what the size fields of a WAV file can hold, less the header.
const maxWAVData = 1<<32 - 1 - WAVHeader

// Tags of a WAV file's samples.
const (
	wavPCM        = 1
	wavMuLaw      = 7
	wavExtensible = 0xfffe // the tag stands in the extension
)

// AppendWAVHeader appends the header of a WAV file of 16-bit samples of that many channels, interleaved. size is that of
// the samples in bytes; more than a WAV file can tell is told as the most it can.
func AppendWAVHeader(dst []byte, rate, channels int, size int64) []byte {
	size = min(size, maxWAVData)
	le := binary.LittleEndian
	dst = append(dst, "RIFF"...)
	dst = le.AppendUint32(dst, uint32(size+WAVHeader-8))
	dst = append(dst, "WAVEfmt "...)
	dst = le.AppendUint32(dst, 16)
	dst = le.AppendUint16(dst, wavPCM)
	dst = le.AppendUint16(dst, uint16(channels))
	dst = le.AppendUint32(dst, uint32(rate))
	dst = le.AppendUint32(dst, uint32(rate*channels*2))
	dst = le.AppendUint16(dst, uint16(channels*2))
	dst = le.AppendUint16(dst, 16)
	dst = append(dst, "data"...)
	return le.AppendUint32(dst, uint32(size))
}

// Clip is a sound.
type Clip struct {
	Format   Format
	Channels int
	Samples  []byte // whole frames, channels interleaved
}

// ParseWAV reads a WAV file of PCM or mu-law samples. The clip aliases data. A file that ends before its samples do is
// taken as far as it goes: that is what a crash leaves.
func ParseWAV(data []byte) (Clip, error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return Clip{}, errors.New("audio: no WAV file")
	}
	var clip Clip
	for rest := data[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:8]))
		rest = rest[8:]
		body := rest[:min(size, uint64(len(rest)))]
		switch name {
		case "fmt ":
			if err := clip.describe(body); err != nil {
				return Clip{}, err
			}
		case "data":
			if clip.Channels == 0 {
				return Clip{}, errors.New("audio: the WAV file does not say how its samples are written")
			}
			frame := clip.Channels * clip.Format.FrameSize()
			clip.Samples = body[: len(body)/frame*frame : len(body)/frame*frame]
			return clip, nil
		}
		rest = rest[min(size+size%2, uint64(len(rest))):]
	}
	return Clip{}, errors.New("audio: the WAV file holds no samples")
}

// describe reads the format chunk.
func (c *Clip) describe(body []byte) error {
	if len(body) < 16 {
		return errors.New("audio: the WAV file's format is cut short")
	}
	le := binary.LittleEndian
	tag, width := le.Uint16(body), le.Uint16(body[14:])
	if tag == wavExtensible && len(body) >= 26 {
		tag = le.Uint16(body[24:])
	}
	switch {
	case tag == wavPCM && width == 16:
		c.Format.Encoding = PCM16LE
	case tag == wavMuLaw && width == 8:
		c.Format.Encoding = MuLaw
	default:
		return fmt.Errorf("audio: WAV samples of kind %d and %d bits are not supported", tag, width)
	}
	c.Channels, c.Format.Rate = int(le.Uint16(body[2:])), int(le.Uint32(body[4:]))
	if c.Channels == 0 || c.Channels > 8 || !c.Format.Valid() {
		return fmt.Errorf("audio: a WAV file of %d channels in %s is not supported", c.Channels, c.Format)
	}
	return nil
}
