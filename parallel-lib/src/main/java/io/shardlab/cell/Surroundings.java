package io.shardlab.cell;

import io.shardlab.comm.Communicator;
import io.shardlab.mesh.Mesh;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What changes around cells from one to the next.
 *
 * @param model weights by name; null while nothing is placed on the rank
 * @param world the group of all ranks
 */
public record Surroundings(Mesh mesh, @Nullable Map<String, Object> model, Communicator world) {}
