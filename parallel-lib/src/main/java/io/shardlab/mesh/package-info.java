/**
 * Who is where.
 *
 * <p>A {@link io.shardlab.mesh.Mesh} arranges ranks on three named axes (data, pipeline, tensor); a
 * {@link io.shardlab.mesh.Group} is a line of ranks along one axis; a {@link io.shardlab.mesh.Device} is what a rank
 * computes on. Pure arithmetic: this room knows nothing of processes, tensors or time.
 */
@NullMarked
package io.shardlab.mesh;

import org.jspecify.annotations.NullMarked;
