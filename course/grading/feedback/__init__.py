"""The page that a student gets: an exporter of nbconvert, its template, and what makes a submission's content safe."""
