package knowlarity

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// order is one campaign (knowlarity.md 2.3).
type order struct {
	id      string
	number  string
	caller  string
	stopped bool
	begins  time.Time
	waiting []string // numbers not yet dialled
	dialled int
}

const orderTime = "2006-01-02 15:04"

func (s *Server) createOrder(body object, _ *http.Request) (object, error) {
	zone, zoneErr := time.LoadLocation(text(body, "timezone"))
	if zoneErr != nil || text(body, "timezone") == "" {
		return nil, errors.New("timezone is invalid")
	}
	begins, err := time.ParseInLocation(orderTime, text(body, "start_time"), zone)
	customers := strings.FieldsFunc(text(body, "additional_number"), func(r rune) bool { return r == ';' || r == ',' })
	switch {
	case err != nil:
		return nil, errors.New("start_time is invalid")
	case text(body, "ivr_id") == "" && text(body, "sound_id") == "":
		return nil, errors.New("ivr_id or sound_id is required")
	case text(body, "ivr_id") != "" && !slices.Contains(s.account.IVRs, text(body, "ivr_id")):
		return nil, errors.New("ivr_id is invalid")
	case len(customers) == 0:
		return nil, errors.New("additional_number is required")
	}
	if err := s.numbers(text(body, "k_number"), customers...); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.orders) >= maxOrders {
		s.orders = s.orders[1:]
	}
	if schedule, there := body["call_scheduling"]; there {
		if _, ok := schedule.(string); !ok {
			s.violation("campaign: call_scheduling is no string")
		}
	}
	o := &order{id: s.nextID(), number: text(body, "k_number"), caller: text(body, "caller_id"), waiting: customers, begins: begins}
	s.orders = append(s.orders, o)
	s.line.After(begins.Sub(s.line.Now()), func() { s.dial(o) })
	return object{"status_code": 1, "message": "Order placed", "order_id": o.id}, nil
}

// dial places what waits, unless the order is stopped or its time has not come.
func (s *Server) dial(o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.stopped || s.line.Now().Before(o.begins) {
		return
	}
	for _, customer := range o.waiting {
		if _, ok := s.place("campaign", customer, o.number, o.caller, "", flow{}); ok {
			o.dialled++
		}
	}
	o.waiting = nil
}

func (s *Server) order(id string) *order {
	i := slices.IndexFunc(s.orders, func(o *order) bool { return o.id == id })
	if i < 0 {
		return nil
	}
	return s.orders[i]
}

func (s *Server) switchOrder(body object, r *http.Request) (object, error) {
	s.mu.Lock()
	o := s.order(r.PathValue("order"))
	status := text(body, "status")
	if o == nil || (status != "start" && status != "stop") {
		s.mu.Unlock()
		return nil, errors.New("order or status is invalid")
	}
	o.stopped = status == "stop"
	s.mu.Unlock()
	s.dial(o)
	return object{"status_code": 1, "message": "Updated"}, nil
}

func (s *Server) addNumbers(body object, _ *http.Request) (object, error) {
	s.mu.Lock()
	o := s.order(text(body, "order_id"))
	if o == nil {
		s.mu.Unlock()
		return nil, errors.New("order_id is invalid")
	}
	customers := strings.FieldsFunc(text(body, "phone_numbers"), func(r rune) bool { return r == ';' || r == ',' })
	if err := s.numbers(o.number, customers...); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	o.waiting = append(o.waiting, customers...)
	s.mu.Unlock()
	s.dial(o)
	return object{"status_code": 1, "message": fmt.Sprintf("%d numbers added", len(customers))}, nil
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	orders := []object{}
	for _, o := range slices.Backward(s.orders) {
		status := "Running"
		if o.stopped {
			status = "Stopped"
		}
		orders = append(orders, object{"order_id": o.id, "order_status": status, "total_calls": o.dialled + len(o.waiting), "k_number": o.number})
	}
	s.mu.Unlock()
	list(w, r, orders)
}
