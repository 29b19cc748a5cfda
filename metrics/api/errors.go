package api

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// status turns an error of a source into the answer to a request.
func status(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*window.InvalidSpanError)):
		return apierrors.NewBadRequest(err.Error())
	case errors.As(err, new(*window.GoneError)):
		return apierrors.NewResourceExpired(err.Error())
	case errors.As(err, new(*window.UnavailableError)), errors.As(err, new(*source.UnmeasuredError)):
		return apierrors.NewServiceUnavailable(err.Error())
	default:
		return apierrors.NewInternalError(err)
	}
}

// ready turns "not listed yet" into the answer to a request: an object that is not known may still exist.
func ready[T metav1.Object](ctx context.Context, finder Finder[T]) error {
	if err := finder.Ready(ctx); err != nil {
		return apierrors.NewServiceUnavailable(err.Error())
	}
	return nil
}

func notFound(resource, name string) error {
	return apierrors.NewNotFound(smi.GroupVersion.WithResource(resource).GroupResource(), name)
}
