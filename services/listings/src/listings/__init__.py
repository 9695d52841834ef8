"""Things for sale and the prices put to the other side, up to the moment the two agree."""
