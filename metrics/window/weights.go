package window

// agreedWeights returns the weights that every ready proxy of the round reports. A backend is left out as soon as one ready
// proxy did not answer, does not report it, or reports another weight: landed means landed everywhere.
func agreedWeights(r Round) map[Backend]int64 {
	var agreed map[Backend]int64
	for _, sighting := range r.Sightings {
		switch {
		case !sighting.Ready:
			continue
		case sighting.Snapshot == nil:
			return nil
		case agreed == nil:
			agreed = make(map[Backend]int64, len(sighting.Snapshot.Weights))
			for backend, weight := range sighting.Snapshot.Weights {
				agreed[backend] = weight
			}
		default:
			for backend, weight := range agreed {
				if reported, known := sighting.Snapshot.Weights[backend]; !known || reported != weight {
					delete(agreed, backend)
				}
			}
		}
	}
	return agreed
}
