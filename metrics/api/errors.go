package api

import (
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/window"
)

// status turns an error of the store into the answer to a request.
func status(err error) error {
	var invalid *window.InvalidLengthError
	var unavailable *window.UnavailableError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return apierrors.NewBadRequest(invalid.Error())
	case errors.As(err, &unavailable):
		return apierrors.NewServiceUnavailable(unavailable.Error())
	default:
		return apierrors.NewInternalError(err)
	}
}

// ready turns "not listed yet" into the answer to a request: an object that is not known may still exist.
func ready(finder interface{ Ready() error }) error {
	if err := finder.Ready(); err != nil {
		return apierrors.NewServiceUnavailable(err.Error())
	}
	return nil
}

func notFound(resource, name string) error {
	return apierrors.NewNotFound(smi.GroupVersion.WithResource(resource).GroupResource(), name)
}
