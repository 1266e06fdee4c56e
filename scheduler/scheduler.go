package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-co-op/gocron/v2"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
)

// stopWithin is how long a running job may take to notice that the gateway stops.
const stopWithin = 5 * time.Second

// Job is something to be done again and again.
type Job struct {
	Name   string        // for logs, traces and metrics
	Every  time.Duration // from start to start
	Within time.Duration // a run that takes longer is cancelled
	Run    func(ctx context.Context) error
}

// Elector says whether this replica leads: nil when it does.
type Elector interface {
	IsLeader(ctx context.Context) error
}

// Options wires a [Scheduler].
type Options struct {
	Jobs    []Job
	Elector Elector
	Logger  *slog.Logger
	Tracer  trace.Tracer
	Meter   metric.Meter
}

// Scheduler runs jobs.
type Scheduler struct {
	o    Options
	runs metric.Float64Histogram
}

// New makes a scheduler; it does nothing until [Scheduler.Run].
func New(o Options) (*Scheduler, error) {
	runs, err := o.Meter.Float64Histogram("helix.job.duration",
		metric.WithUnit("s"), metric.WithDescription("How long runs of scheduled jobs took, by job and outcome."),
		metric.WithExplicitBucketBoundaries(.01, .05, .1, .5, 1, 5, 10, 30, 60))
	if err != nil {
		return nil, fmt.Errorf("scheduler: %w", err)
	}
	return &Scheduler{o: o, runs: runs}, nil
}

// Run runs the jobs, each at once and then when it is due, until ctx ends; running jobs are cancelled and waited for.
func (s *Scheduler) Run(ctx context.Context) error {
	cron, err := gocron.NewScheduler(
		gocron.WithDistributedElector(s.o.Elector),
		gocron.WithLogger(s.o.Logger),
		gocron.WithStopTimeout(stopWithin),
	)
	if err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	for _, job := range s.o.Jobs {
		_, err := cron.NewJob(
			gocron.DurationJob(job.Every),
			gocron.NewTask(func(ctx context.Context) { s.run(ctx, job) }),
			gocron.WithName(job.Name),
			gocron.WithContext(ctx),
			gocron.WithSingletonMode(gocron.LimitModeReschedule),
			gocron.WithStartAt(gocron.WithStartImmediately()),
		)
		if err != nil {
			return fmt.Errorf("scheduler: job %s: %w", job.Name, err)
		}
	}
	cron.Start()
	<-ctx.Done()
	if err := cron.Shutdown(); err != nil {
		return fmt.Errorf("scheduler: %w", err)
	}
	return ctx.Err()
}

// run is one run of a job; its failure is told here and goes nowhere else, since the job is run again anyway.
func (s *Scheduler) run(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(ctx, job.Within)
	defer cancel()
	ctx, span := s.o.Tracer.Start(ctx, "job."+job.Name)
	defer span.End()
	began := time.Now()
	err := protect(ctx, job.Run)
	outcome := "ok"
	if err != nil && ctx.Err() == nil {
		outcome = string(helix.AsError(err).Code)
		span.SetStatus(codes.Error, outcome)
		s.o.Logger.WarnContext(ctx, "a scheduled job failed; it runs again when it is next due", "job", job.Name, "error", err)
	}
	s.runs.Record(ctx, time.Since(began).Seconds(),
		metric.WithAttributes(attribute.String("job", job.Name), attribute.String("outcome", outcome)))
}

func protect(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = helix.Internal("scheduler", fmt.Errorf("panic: %v", p))
		}
	}()
	return run(ctx)
}
