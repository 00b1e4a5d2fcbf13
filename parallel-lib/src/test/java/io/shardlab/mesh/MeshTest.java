package io.shardlab.mesh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MeshTest {

    private static List<Mesh> meshes() {
        List<Mesh> meshes = new ArrayList<>();
        for (int d = 1; d <= 3; d++) {
            for (int p = 1; p <= 4; p++) {
                for (int t = 1; t <= 3; t++) {
                    meshes.add(new Mesh(d, p, t));
                }
            }
        }
        return meshes;
    }

    @Test
    void ranksAndCoordinatesAreTheSameThing() {
        for (Mesh mesh : meshes()) {
            Set<Coordinates> seen = new HashSet<>();
            for (int rank = 0; rank < mesh.size(); rank++) {
                assertEquals(rank, mesh.rank(mesh.coordinates(rank)));
                seen.add(mesh.coordinates(rank));
            }
            assertEquals(mesh.size(), seen.size());
        }
    }

    @Test
    void everyRankIsInExactlyOneGroupPerAxis() {
        for (Mesh mesh : meshes()) {
            for (Axis axis : Axis.values()) {
                Set<Group> groups = new HashSet<>();
                for (int rank = 0; rank < mesh.size(); rank++) {
                    Group group = mesh.group(axis, rank);
                    assertEquals(mesh.coordinates(rank).along(axis), group.indexOf(rank));
                    assertEquals(mesh.degree(axis), group.size());
                    groups.add(group);
                }
                List<Integer> members = groups.stream()
                        .flatMap(group -> group.ranks().stream())
                        .sorted()
                        .toList();
                assertEquals(IntStream.range(0, mesh.size()).boxed().toList(), members);
                assertEquals(
                        groups.size(),
                        groups.stream().map(Group::name).distinct().count());
            }
        }
    }

    @Test
    void theTensorCoordinateVariesFastest() {
        Mesh mesh = new Mesh(2, 2, 2);
        assertEquals(List.of(0, 1), mesh.group(Axis.TENSOR, 0).ranks());
        assertEquals(List.of(0, 2), mesh.group(Axis.PIPELINE, 0).ranks());
        assertEquals(List.of(0, 4), mesh.group(Axis.DATA, 0).ranks());
        assertEquals("dp=1,pp=0,tp=1", mesh.role(5));
    }

    @Test
    void ranksOffTheMeshAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Mesh(1, 2, 1).coordinates(2));
        assertThrows(IllegalArgumentException.class, () -> new Mesh(1, 2, 1).rank(new Coordinates(0, 0, 1)));
        assertThrows(IllegalArgumentException.class, () -> new Mesh(0, 1, 1));
    }
}
